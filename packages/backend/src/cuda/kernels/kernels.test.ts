import "@tensorflow/tfjs-backend-cpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled } from "../compiled.generated.ts";
import { cudaTests } from "../cuda.testing.ts";
import { type StartedCuda, startCuda } from "../start.ts";
import { compareCase, kernelCases } from "./kernel-cases.testing.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

describe.runIf(emulator)("kernels of tfjs-core's operations", () => {
  let started: StartedCuda | undefined;
  beforeAll(async () => {
    started = await startCuda({ library: emulator!.library, check: true });
  });
  afterAll(() => started?.dispose());

  it.each(Object.keys(kernelCases))("%s", async (name) => {
    const before = started!.backend.numDataIds();
    const { expected, got, off } = await compareCase(name, started!.name);
    expect(off).toBeUndefined();
    expect(started!.backend.numDataIds()).toBe(before);
    expect(got.map(({ shape, dtype }) => [shape, dtype])).toEqual(expected.map(({ shape, dtype }) => [shape, dtype]));
  });

  it("has compiled kernels for each of its cards, and runs every one of them here", () => {
    expect(compiled.images.map(({ generation }) => generation)).toEqual([75, 80]);
    const run = started!.backend.kernelsRun();
    // Those of mixed precision, and of many products, are products.test's and forms.test's.
    const isElsewhere = (kernel: string) => /^products?_half|^products_f32|^narrow$|^widen$|^add_halves$/.test(kernel);
    expect(Object.keys(compiled.kernels).filter((kernel) => !run.has(kernel) && !isElsewhere(kernel))).toEqual([]);
  });
});
