import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureCase } from "../conformance/measure-case.ts";
import { opSpecs } from "../conformance/specs.ts";
import { inTier } from "../conformance/tiers.ts";
import { cudaEmulator, startCudaBackend } from "../testing/cuda.testing.ts";

const { emulator, skipped } = cudaEmulator();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

describe.runIf(emulator)("on an emulated card, in float32", () => {
  let dispose = () => {};
  beforeAll(async () => {
    ({ dispose } = await startCudaBackend(emulator!));
  });
  afterAll(() => dispose());

  describe.each(inTier("float32", opSpecs))("$op", ({ cases }) => {
    it.each(cases)("$name", async (testCase) => {
      const { forward, gradients } = await measureCase(testCase);
      expect(forward, "forward").toBeLessThanOrEqual(testCase.tolerance);
      for (const [name, error] of Object.entries(gradients))
        expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * testCase.tolerance);
    });
  });
});
