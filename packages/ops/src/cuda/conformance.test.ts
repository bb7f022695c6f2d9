import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureCase } from "../conformance/measure-case.ts";
import { opSpecs } from "../conformance/specs.ts";
import { inTier, type Tier } from "../conformance/tiers.ts";
import { cudaEmulator, startCudaBackend } from "../testing/cuda.testing.ts";

const { emulator, skipped } = cudaEmulator();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

interface Case {
  what: string;
  tier: Tier;
  references?: boolean;
  precision?: "mixed";
  major?: number;
  minor?: number;
  /** What multiplies; of the cases those alone that it has a part in. */
  products?: "cublaslt";
}
const multiplying = ["gatedFeedForward", "linear", "maskedCrossEntropy"];
const tiers: Case[] = [
  { what: "references, float32", tier: "float32", references: true },
  { what: "kernels, float32", tier: "float32" },
  { what: "kernels, bf16", tier: "bf16 on a card", precision: "mixed" },
  { what: "kernels, f16", tier: "float16", precision: "mixed", major: 7, minor: 5 },
  { what: "kernels, bf16, cuBLASLt", tier: "bf16 on a card", precision: "mixed", products: "cublaslt" },
];

describe.runIf(emulator).each(tiers)(
  "on an emulated card: $what",
  ({ tier, references, precision, products, major = 8, minor = 0 }) => {
    let dispose = () => {};
    beforeAll(async () => {
      emulator!.set("major", major);
      emulator!.set("minor", minor);
      ({ dispose } = await startCudaBackend(emulator!, {
        ...{ references, precision },
        ...(products ? { products, productsLibrary: emulator!.library } : {}),
      }));
    });
    afterAll(() => dispose());

    const specs = inTier(tier, opSpecs).filter(({ op }) => !products || multiplying.includes(op));
    describe.each(specs)("$op", ({ cases }) => {
      it.each(cases)("$name", async (testCase) => {
        const { forward, gradients } = await measureCase(testCase);
        expect(forward, "forward").toBeLessThanOrEqual(testCase.tolerance);
        for (const [name, error] of Object.entries(gradients))
          expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * testCase.tolerance);
      });
    });
  },
);
