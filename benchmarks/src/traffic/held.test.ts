import { expect, it } from "vitest";
import { countStep } from "./traffic.ts";

// What `pnpm bench traffic crammed-bert:batch=64` says: what was fused stays fused. Lower them with what is fused next.
it.each([
  ["mixed", 23.6e9, 363],
  ["float32", 36e9, 346],
] as const)(
  "a crammed-bert step of 64 x 128 in %s moves at most so much, in so many dispatches",
  { timeout: 120_000 },
  async (precision, bytes, dispatches) => {
    const traffic = await countStep("crammed-bert:batch=64", precision, { warmUp: 2 });
    expect(traffic.bytes).toBeLessThan(bytes);
    expect(traffic.dispatches).toBeLessThanOrEqual(dispatches);
  },
);

it("a step of crammed-2026 moves at most 1.12 times as much", { timeout: 120_000 }, async () => {
  const [base, changed] = [
    await countStep("crammed-bert:batch=64", "mixed", { warmUp: 2 }),
    await countStep("crammed-2026:batch=64", "mixed", { warmUp: 2 }),
  ];
  expect(changed.bytes).toBeLessThan(1.12 * base.bytes);
});
