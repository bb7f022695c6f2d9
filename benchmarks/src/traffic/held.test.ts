import { expect, it } from "vitest";
import { countCudaStep } from "./cuda-traffic.ts";
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

it("a step of crammed-2026 moves at most 1.11 times as much", { timeout: 120_000 }, async () => {
  const [base, changed] = [
    await countStep("crammed-bert:batch=64", "mixed", { warmUp: 2 }),
    await countStep("crammed-2026:batch=64", "mixed", { warmUp: 2 }),
  ];
  expect(changed.bytes).toBeLessThan(1.11 * base.bytes);
});

// What `pnpm bench traffic --backend cuda` says. Without a compiler for the emulator there is nothing to count.
it.skipIf(process.platform !== "linux" || process.arch !== "x64").each(["mma", "wgmma"] as const)(
  "on CUDA a mixed step moves at most 0.6 of what WebGPU's first one did, in at most 250 launches: %s",
  { timeout: 120_000 },
  async (products) => {
    const traffic = await countCudaStep("crammed-bert:batch=64", "mixed", { products, hostSteps: 1 });
    // All of its products are such as Hopper's kernels take.
    const ofEveryCard = traffic.kernels.filter(({ kernel }) =>
      /product.*_(half|f32)|gated_\w+_(large|small)/.test(kernel),
    );
    expect(ofEveryCard.length > 0).toBe(products === "mma");
    expect(traffic.bytes).toBeLessThan(0.6 * 36.7e9);
    expect(traffic.launches).toBeLessThanOrEqual(250);
    expect(traffic.allocations).toBe(0);
    // Ids, positions, targets, four numbers and lists, and none of what the step computes.
    expect(traffic.copies).toBeLessThanOrEqual(9);
  },
);
