import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureCase } from "../conformance/measure-case.ts";
import { opSpecs } from "../conformance/specs.ts";
import { inTier } from "../conformance/tiers.ts";
import { startTestBackend, type TestBackend, testableTiers } from "./adapter.testing.ts";

const tiers = await testableTiers();

if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

describe.each(tiers)("in tier %s", (tier) => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    // Matrices for products of any size: by itself the choice leaves small ones to the tiles.
    started = await startTestBackend({ tier, variants: tier === "matrix" ? { gemm: "matrix" } : {} });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  describe.each(inTier(tier, opSpecs))("$op", ({ cases }) => {
    it.each(cases)("$name", async (testCase) => {
      const { tolerance } = testCase;
      const { forward, gradients } = await measureCase(testCase);
      expect(forward, "forward").toBeLessThanOrEqual(tolerance);
      for (const [name, error] of Object.entries(gradients)) {
        expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * tolerance);
      }
    });
  });
});
