import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureCase } from "../conformance.ts";
import { opSpecs } from "../specs.ts";
import { startTestBackend, type TestBackend, testableTiers } from "./adapter.testing.ts";

const tiers = await testableTiers();

/**
 * Operands have eleven bits: half of 2^-10 each, and a little for sums. Inputs above 32 are left to float32: they overflow in
 * products, or make attention scores whose absolute error decides the softmax.
 */
const mixedTolerance = 3e-3;
const suitsF16 = (values: ArrayLike<number>) => Array.prototype.every.call(values, (value) => Math.abs(value) <= 32);
const isInteger = (values: object) => values instanceof Int32Array;

/** The other ops have one kernel for all tiers. */
const dependOnTier = ["attention", "linear", "maskedCrossEntropy", "rotary"];
const specsOf = (tier: string) =>
  tier === "float32" ? opSpecs : opSpecs.filter(({ op }) => dependOnTier.includes(op));

if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

describe.each(tiers)("in tier %s", (tier) => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    // Matrices for products of any size: by itself the choice leaves small ones to the tiles.
    started = await startTestBackend({ tier, variants: tier === "matrix" ? { gemm: "matrix" } : {} });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  describe.each(specsOf(tier))("$op", ({ cases }) => {
    it.each(cases)("$name", async (testCase) => {
      if (
        tier !== "float32" &&
        !Object.values(testCase.inputs).every(({ values }) => isInteger(values) || suitsF16(values))
      )
        return;
      const tolerance = tier === "float32" ? testCase.tolerance : Math.max(testCase.tolerance, mixedTolerance);
      const { forward, gradients } = await measureCase(testCase);
      expect(forward, "forward").toBeLessThanOrEqual(tolerance);
      for (const [name, error] of Object.entries(gradients)) {
        expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * tolerance);
      }
    });
  });
});
