import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureCase } from "../conformance/measure-case.ts";
import { opSpecs } from "../conformance/specs.ts";
import { inTier } from "../conformance/tiers.ts";
import { isSoftwareAdapter, startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";

const tiers = await testableTiers();

/** Long sequences have large tiles. On a software adapter each tier gets some of them, on a GPU all. */
const longOnSoftware = { float32: [64, 129, 150], float16: [150], matrix: [100, 150] };
const isLeftOut = (tier: (typeof tiers)[number], op: string, name: string): boolean => {
  const seq = Number(/seq (\d+)/.exec(name)?.[1]);
  return isSoftwareAdapter() && op === "attention" && seq >= 64 && !longOnSoftware[tier].includes(seq);
};

if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

describe.each(tiers)("in tier %s", (tier) => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    // Matrices for products of any size: by itself the choice leaves small ones to the tiles.
    started = await startTestBackend({ tier, variants: tier === "matrix" ? { gemm: "matrix" } : {} });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  describe.each(inTier(tier, opSpecs))("$op", ({ op, cases }) => {
    it.for(cases)("$name", async (testCase, { skip }) => {
      skip(isLeftOut(tier, op, testCase.name), "a long sequence on a software adapter");
      const { tolerance } = testCase;
      const { forward, gradients } = await measureCase(testCase);
      expect(forward, "forward").toBeLessThanOrEqual(tolerance);
      for (const [name, error] of Object.entries(gradients)) {
        expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * tolerance);
      }
    });
  });
});
