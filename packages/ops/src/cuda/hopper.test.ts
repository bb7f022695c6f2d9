import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureCase } from "../conformance/measure-case.ts";
import { bf16Tolerance } from "../conformance/tiers.ts";
import { largeGatedCases } from "../gated-feed-forward/spec.ts";
import { cudaEmulator, startCudaBackend } from "../testing/cuda.testing.ts";
import { compiledMutants, hopperMutants, triedMutants } from "../testing/cuda-mutants.testing.ts";

const { emulator, skipped } = cudaEmulator(compiledMutants);
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

describe.runIf(emulator)("gates on an emulated Hopper", () => {
  let started: Awaited<ReturnType<typeof startCudaBackend>>;
  const start = async () => {
    started = await startCudaBackend(emulator!, { precision: "mixed", products: "wgmma" });
  };
  beforeAll(async () => {
    emulator!.set("major", 9);
    await start();
  });
  afterAll(() => {
    started?.dispose();
    emulator!.set("major", 8);
  });

  it.each(largeGatedCases)("$name", async (one) => {
    const launched = (name: string) => started.backend.kernelsRun().get(name) ?? 0;
    const names = ["gated_forward_wgmma", "gated_backward_wgmma"];
    const before = names.map(launched);
    const { forward, gradients } = await measureCase(one, 1);
    expect(forward).toBeLessThanOrEqual(bf16Tolerance);
    for (const [name, error] of Object.entries(gradients))
      expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * bf16Tolerance);
    for (const [i, name] of names.entries()) expect(launched(name), name).toBeGreaterThan(before[i]!);
  });

  it.each(hopperMutants.map(({ name }, i) => [name, triedMutants.length + i + 1] as const))(
    "find a fault: %s",
    async (_, mutant) => {
      emulator!.set("mutant", mutant);
      const errors = measureCase(largeGatedCases[0]!, 1).then(({ forward, gradients }) =>
        Math.max(forward, ...Object.values(gradients).map((error) => error / 10)),
      );
      const found = await errors.then((error) => !(error <= bf16Tolerance)).catch(() => true);
      emulator!.set("mutant", 0);
      started.dispose(); // a fault leaves a card that answers nothing more
      await start();
      expect(found).toBe(true);
    },
  );
});
