import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cudaTests } from "../cuda.testing.ts";
import { type StartedCuda, startCuda } from "../start.ts";
import { tileFor } from "./multiply.ts";
import { errorOf, errorOfMany, manyShapes, shapes, tolerance } from "./products.testing.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const tiers = [
  { halves: "bf16", major: 8, minor: 0 },
  { halves: "f16", major: 7, minor: 5 },
] as const;

describe.runIf(emulator).each(tiers)("products of $halves", ({ halves, major, minor }) => {
  let started: StartedCuda | undefined;
  beforeAll(async () => {
    emulator!.set("major", major);
    emulator!.set("minor", minor);
    started = await startCuda({ library: emulator!.library, precision: "mixed", check: true });
  });
  afterAll(() => {
    started?.dispose();
    emulator?.set("major", 8);
    emulator?.set("minor", 0);
  });

  it("say so", () => {
    expect(started!.description).toContain(`products in ${halves}`);
    expect(started!.report.products).toBe(`${halves} operands, float32 sums, by kernels of our own`);
  });

  it.each(shapes)("$batches x [$m, $k] [$k, $n], operands $a and $b, bias $bias", async (shape) => {
    expect(await errorOf(started!, shape, halves)).toBeLessThan(tolerance);
  });

  it("many of them in one launch, each as it would be alone", async () => {
    const { launches } = started!.backend.counters();
    expect(await errorOfMany(started!, manyShapes, halves)).toBeLessThan(tolerance);
    // And the halves of both operands of each.
    expect(started!.backend.counters().launches - launches).toBe(1 + 2 * manyShapes.length);
  });

  it("leave halves where a tensor exists as that, rounded once", async () => {
    for (const shape of shapes)
      expect(await errorOf(started!, { ...shape, half: true }, halves), JSON.stringify(shape)).toBeLessThan(tolerance);
  });
});

it("takes the smaller tile if the larger one leaves multiprocessors without work", () => {
  expect(tileFor({ m: 8192, n: 768 }, 132)).toBe("large");
  expect(tileFor({ m: 768, n: 768 }, 132)).toBe("small");
  expect(tileFor({ m: 768, n: 768, batches: 4 }, 132)).toBe("large");
  expect(tileFor({ m: 64, n: 768 }, 1)).toBe("small");
});
