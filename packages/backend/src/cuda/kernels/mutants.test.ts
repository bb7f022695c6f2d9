import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { buildCudaEmulator } from "../../cuda-emulator.ts";
import { cudaTests } from "../cuda.testing.ts";
import { startCuda } from "../start.ts";
import { compareCase } from "./kernel-cases.testing.ts";
import { kernelMutants } from "./kernel-mutants.testing.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

// One of each table in a usual run, all of them on request. They are compiled in together.
const tried = kernelMutants.flatMap(({ table, cases, faults }) =>
  (process.env.CRAMKIT_MUTANTS ? faults : faults.slice(0, 1)).map((fault) => ({ ...fault, table, cases })),
);

/** What finds a fault: a case that is off, or an error. */
const foundBy = async (library: string, cases: readonly string[]): Promise<string | undefined> => {
  const started = await startCuda({ library, check: true });
  try {
    for (const name of cases) {
      const { off } = await compareCase(name, started.name);
      if (off) return `${name}: ${off}`;
    }
  } catch (error) {
    return (error as Error).message;
  } finally {
    started.dispose();
  }
  return undefined;
};

describe.runIf(emulator)("a fault in what makes kernels", () => {
  const built = emulator ? buildCudaEmulator({ mutants: tried }) : undefined;

  it.each(tried.map(({ table, name, cases }, i) => [`${table}: ${name}`, cases, i + 1] as const))(
    "is found: %s",
    { timeout: 60_000 },
    async (_, cases, mutant) => {
      built!.set("mutant", mutant);
      const found = await foundBy(built!.library, cases);
      built!.set("mutant", 0);
      expect(found).toBeDefined();
    },
  );

  it("is none where there is none", { timeout: 60_000 }, async () => {
    expect(
      await foundBy(
        built!.library,
        kernelMutants.flatMap(({ cases }) => cases),
      ),
    ).toBeUndefined();
  });
});
