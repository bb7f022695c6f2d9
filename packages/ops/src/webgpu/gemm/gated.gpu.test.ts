import { engine, type Tensor, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../../conformance-case.ts";
import { gluBackward, gluForward } from "../../glu/webgpu.ts";
import { inputGradient, linearForward } from "../../linear/webgpu.ts";
import { isSoftwareAdapter, startTestBackend, type TestBackend, testableTiers } from "../../testing/adapter.testing.ts";
import type { Host } from "../host.ts";
import { gatedGradient, gatedProduct } from "./gated.ts";

const tiers = await testableTiers();
if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

const unit = { m: 16, n: 16, k: 16 };
type Shape = [m: number, n: number, k: number];

const settings: {
  name: string;
  tier: (typeof tiers)[number];
  options: Parameters<typeof startTestBackend>[0];
  shapes: Shape[];
}[] = [
  {
    name: "128x128",
    tier: "float32",
    options: { tier: "float32" },
    shapes: [
      [128, 256, 64],
      [70, 128, 20],
    ],
  },
  { name: "128x128.tall", tier: "float32", options: { tier: "float32" }, shapes: [[130, 384, 36]] },
  {
    name: "matrix.64x64",
    tier: "float16",
    options: { emulatedUnit: unit },
    shapes: [
      [64, 128, 64],
      [128, 256, 128],
    ],
  },
  { name: "matrix.256x128", tier: "float16", options: { emulatedUnit: unit }, shapes: [[256, 256, 64]] },
];

describe.each(settings.filter(({ tier }) => tiers.includes(tier)))("products with a gate, $name", (setting) => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend({ ...setting.options, variants: { gemm: setting.name } });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  const valuesOf = async (info: TensorInfo) => {
    const result = engine().makeTensorFromTensorInfo(info);
    const values = await result.data();
    result.dispose();
    return values;
  };
  /** Both round at the same places; what compilers contract between them may differ by a unit of the last place. */
  const expectSame = (got: ArrayLike<number>, want: ArrayLike<number>) => {
    const last = setting.tier === "float32" ? 2 ** -21 : 2 ** -9;
    expect(got).toHaveLength(want.length);
    for (let i = 0; i < got.length; i++)
      if (!(Math.abs(got[i]! - want[i]!) <= last * Math.max(1, Math.abs(want[i]!))))
        throw new Error(`element ${i}: expected ${want[i]}, got ${got[i]}`);
    expect(Array.from(got).some((value) => value !== 0)).toBe(true);
  };
  const made = (shape: number[], seed: number): Tensor => tensor(uniform(shape, seed).values, shape);

  it.each(setting.shapes)("[%d, k] -> %d, k = %d: as in two kernels", async (...[m, n, k]: Shape) => {
    const host = started!.backend as unknown as Host;
    // A large tile takes a software adapter a minute a direction and activation.
    const activations = isSoftwareAdapter() ? ["gelu"] : ["gelu", "relu", "silu", "mish"];
    for (const activation of activations) {
      const [x, weight, bias] = [made([m, k], 1), made([n, k], 2), made([n], 3)];
      const both = gatedProduct(host, { x, weight, bias }, activation);
      expect(both).toBeDefined();
      const apart = linearForward(host, x, weight, bias);
      const [inner, gated] = [await valuesOf(both![0]), await valuesOf(both![1])];
      expectSame(gated, await valuesOf(gluForward(host, apart, activation)));
      expectSame(inner, await valuesOf(apart));
      for (const one of [x, weight, bias]) one.dispose();
    }
  });

  it.each(setting.shapes)("their gradient, [%d, k] of %d, k = %d", async (...[m, n, k]: Shape) => {
    const host = started!.backend as unknown as Host;
    // What is before the gate exists as f16 alone on matrices.
    const [x, innerWeight] = [made([m, k], 4), made([n, k], 5)];
    const inner = linearForward(host, x, innerWeight);
    const [dy, weight] = [made([m, k], 6), made([k, n / 2], 7)];
    const dinner = gatedGradient(host, { dy, weight, inner }, "gelu");
    expect(dinner).toBeDefined();
    const apart = gluBackward(host, inputGradient(host, dy, weight), inner, "gelu");
    expectSame(await valuesOf(dinner!), await valuesOf(apart));
    for (const one of [x, innerWeight, dy, weight]) one.dispose();
    host.disposeData(inner.dataId);
  });
});
