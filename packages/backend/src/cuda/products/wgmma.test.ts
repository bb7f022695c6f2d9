import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cudaTests } from "../cuda.testing.ts";
import { inspectCuda, type StartedCuda, startCuda } from "../start.ts";
import {
  errorOf,
  errorOfMany,
  shapes,
  tolerance,
  toleranceOf,
  wgmmaManyShapes,
  wgmmaShapes,
} from "./products.testing.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const onHopper = (): void => {
  emulator!.set("major", 9);
  emulator!.set("minor", 0);
};
const asBefore = (): void => {
  emulator!.set("major", 8);
  emulator!.set("minor", 0);
  emulator!.set("driverVersion", 12080);
};

describe.runIf(emulator)("products by wgmma", () => {
  let started: StartedCuda;
  const launched = (name: string): number =>
    [...started.backend.kernelsRun()].reduce((sum, [kernel, count]) => sum + (kernel.startsWith(name) ? count : 0), 0);
  beforeAll(async () => {
    onHopper();
    started = await startCuda({ library: emulator!.library, precision: "mixed", products: "wgmma", check: true });
  });
  afterAll(() => {
    started?.dispose();
    asBefore();
  });

  it("say so", () => {
    expect(started.description).toContain("products in bf16 by wgmma");
    expect(started.report.products).toContain("for Hopper");
  });

  it.each(wgmmaShapes)("$batches x [$m, $k] [$k, $n], operands $a and $b, bias $bias, half $half", async (shape) => {
    const before = launched("product_wgmma");
    expect(await errorOf(started, shape, "bf16")).toBeLessThan(toleranceOf(shape));
    expect(launched("product_wgmma") - before).toBe(shape.bias && !shape.half ? 2 : 1);
  });

  it("leave what they do not take to the kernels of every card", async () => {
    const before = launched("product_wgmma");
    const uneven = shapes.filter(({ m, n, k }) => m % 8 && n % 8 && k % 8);
    expect(uneven.length).toBeGreaterThan(0);
    for (const shape of uneven)
      expect(await errorOf(started, shape, "bf16"), JSON.stringify(shape)).toBeLessThan(tolerance);
    expect(launched("product_wgmma")).toBe(before);
  });

  it("in a step that is recorded, and replayed with other values", async () => {
    const { backend } = started;
    const n = 72;
    const ones = new Float32Array(n * n).fill(1);
    const x = tf.tensor2d(ones, [n, n]);
    const [along, across] = [
      { x, across: n, along: 1 },
      { x, across: 1, along: n },
    ];
    const step = () => {
      const [one, many] = [backend.output([n, n]), backend.output([n, n])];
      backend.multiply({ m: n, n, k: n, a: along, b: along, c: one, mixed: true });
      backend.multiplyAll([{ m: n, n, k: n, a: across, b: across, c: many, mixed: true }]);
      return [one, many];
    };
    const dispose = (all: readonly tf.TensorInfo[]) => {
      for (const { dataId } of all) backend.disposeData(dataId);
    };
    dispose(step());
    const recording = backend.record(step);
    backend.assign(
      x,
      ones.map(() => 2),
    );
    recording.replay();
    for (const { dataId } of recording.result)
      expect(new Set((await backend.read(dataId)) as Float32Array)).toEqual(new Set([4 * n]));
    dispose(recording.result);
    recording.dispose();
    x.dispose();
  });

  it("many of them in one launch, and none of them there if one does not fit", async () => {
    const before = launched("products_wgmma_tt");
    expect(await errorOfMany(started, wgmmaManyShapes, "bf16")).toBeLessThan(10 * tolerance);
    expect(launched("products_wgmma_tt") - before).toBe(1);
    expect(await errorOfMany(started, [...wgmmaManyShapes, [65, 70, 40]], "bf16")).toBeLessThan(10 * tolerance);
    expect(launched("products_wgmma_tt") - before).toBe(1);
    expect(launched("products_half_tt")).toBe(1);
  });
});

it.runIf(emulator).each([
  ["an older card", 8, 12080, "expected a card of compute capability 9.0, got emulator"],
  ["a newer card", 10, 12080, "expected a card of compute capability 9.0, got emulator"],
  ["an older driver", 9, 12020, "expected a driver for CUDA 12.3 (545) or newer"],
])("are not there for %s", async (_, major, driverVersion, text) => {
  emulator!.set("major", major);
  emulator!.set("driverVersion", driverVersion);
  try {
    const { library } = emulator!;
    const { candidates, used } = inspectCuda({ library });
    expect(used).toBe("mma");
    expect(candidates.find(({ name }) => name === "wgmma")).toMatchObject({ available: false });
    await expect(startCuda({ library, precision: "mixed", products: "wgmma" })).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(text),
    });
  } finally {
    asBefore();
  }
});

it.runIf(emulator)("refuses products of another name", async () => {
  await expect(startCuda({ library: emulator!.library, products: "tensor" as "mma" })).rejects.toMatchObject({
    code: "invalid-argument",
  });
});
