import { describe, expect, it } from "vitest";
import { measureCase } from "../conformance/measure-case.ts";
import { opSpecs } from "../conformance/specs.ts";
import { inTier } from "../conformance/tiers.ts";
import { cudaEmulator, startCudaBackend } from "../testing/cuda.testing.ts";
import { compiledMutants, triedMutants } from "../testing/cuda-mutants.testing.ts";
import { errorOfLists } from "../testing/list-error.testing.ts";

const { emulator, skipped } = cudaEmulator(compiledMutants);
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

/** What finds a fault: a case that is off, or an error. */
const foundBy = async (ops: readonly string[]): Promise<string | undefined> => {
  for (const precision of ["mixed", "float32"] as const) {
    const { dispose } = await startCudaBackend(emulator!, { precision });
    try {
      if (ops.includes("optimizer") && !(errorOfLists() < 1e-5)) return "a list";
      const specs = inTier(precision === "mixed" ? "bf16 on a card" : "float32", opSpecs);
      for (const { op, cases } of specs.filter(({ op }) => ops.includes(op)))
        for (const one of cases) {
          const { forward, gradients } = await measureCase(one);
          const off = Math.max(forward, ...Object.values(gradients).map((error) => error / 10));
          if (!(off <= one.tolerance)) return `${op} ${one.name}`;
        }
    } catch (error) {
      return (error as Error).message;
    } finally {
      dispose();
    }
  }
  return undefined;
};

describe.runIf(emulator)("a fault in the text of kernels", () => {
  it.each(triedMutants.map(({ file, name, ops }, i) => [`${file}: ${name}`, ops, i + 1] as const))(
    "is found: %s",
    { timeout: 120_000 },
    async (_, ops, mutant) => {
      emulator!.set("mutant", mutant);
      const found = await foundBy(ops);
      emulator!.set("mutant", 0);
      expect(found).toBeDefined();
    },
  );

  it("is none where there is none", { timeout: 120_000 }, async () => {
    expect(await foundBy(["optimizer", "dropout", "glu"])).toBeUndefined();
  });
});
