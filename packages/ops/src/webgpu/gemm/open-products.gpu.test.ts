import { type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../../conformance-case.ts";
import { linear } from "../../linear/linear.ts";
import { residualNorm } from "../../residual-norm/residual-norm.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../../testing/adapter.testing.ts";
import type { Host } from "../host.ts";

const tiers = (await testableTiers()).filter((tier) => tier !== "matrix");
if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

const values = (shape: number[], seed: number) => uniform(shape, seed).values as Float32Array;

/** x W^T + b, in float64. */
const product = (x: Float32Array, weight: Float32Array, bias: Float32Array | undefined, k: number): number[] => {
  const n = weight.length / k;
  return Array.from({ length: (x.length / k) * n }, (_, i) => {
    let sum = bias?.[i % n] ?? 0;
    for (let l = 0; l < k; l++) sum += x[Math.floor(i / n) * k + l]! * weight[(i % n) * k + l]!;
    return sum;
  });
};

describe.each(tiers)("a product that waits for its reader, in tier %s", (tier) => {
  const tolerance = tier === "float32" ? 1e-5 : 3e-3;
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend({ tier });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  const expectValues = async (got: Tensor, wanted: number[]) => {
    const all = await got.data();
    expect(all.length).toBe(wanted.length);
    wanted.forEach((value, i) => {
      if (!(Math.abs(all[i]! - value) <= tolerance * (1 + Math.abs(value)))) expect(all[i], `${i}`).toBe(value);
    });
  };
  const keysOf = (body: () => void) => [...started!.backend.countTraffic(body).keys()];

  it.each([
    { rows: 8, n: 16, k: 12, bias: false },
    { rows: 8, n: 16, k: 12, bias: true },
    { rows: 7, n: 5, k: 9, bias: true },
    { rows: 70, n: 68, k: 65, bias: false },
  ])("ends in the sum that a norm asks for: $rows x $n of $k, bias $bias", async ({ rows, n, k, bias }) => {
    const [x, weight, b] = [values([rows, k], 1), values([n, k], 2), bias ? values([n], 3) : undefined];
    const stream = values([rows, n], 4);
    const options = { kind: "layer", epsilon: 1e-6 } as const;
    const before = started!.backend.numDataIds();
    const tensors = [
      tensor(x, [rows, k]),
      tensor(weight, [n, k]),
      tensor(stream, [rows, n]),
      tensor(new Float32Array(n).fill(1)),
    ];
    const [xTensor, weightTensor, streamTensor, scale] = tensors as [Tensor, Tensor, Tensor, Tensor];
    const biasTensor = b && tensor(b);
    let branch: Tensor;
    let both: ReturnType<typeof residualNorm>;
    const keys = keysOf(() => {
      branch = linear(xTensor, weightTensor, biasTensor);
      both = residualNorm(streamTensor, branch, scale, undefined, options);
    });
    expect(keys.filter((key) => key.startsWith("gemm"))).toEqual([expect.stringContaining("added")]);
    expect(keys.filter((key) => key.includes("norm"))).toEqual([expect.stringContaining("joined")]);
    const branchValues = product(x, weight, b, k);
    const sums = branchValues.map((value, i) => value + stream[i]!);
    await expectValues(both!.sum, sums);
    await expectValues(
      both!.normed,
      sums.map((value, i) => {
        const row = sums.slice(i - (i % n), i - (i % n) + n);
        const mean = row.reduce((a, c) => a + c, 0) / n;
        return (value - mean) / Math.sqrt(row.reduce((a, c) => a + (c - mean) ** 2, 0) / n + 1e-6);
      }),
    );
    // It is still there for others.
    await expectValues(branch!, branchValues);
    for (const one of [...tensors, biasTensor, branch!, both!.sum, both!.normed]) one?.dispose();
    expect(started!.backend.numDataIds()).toBe(before);
  });

  it("reads a weight before a kernel writes over it, and an operand that is gone for its caller", async () => {
    const [x, first, second] = [values([6, 8], 1), values([12, 8], 2), values([4, 12], 3)];
    const weight = tensor(second, [4, 12]);
    const y = tidy(() => linear(linear(tensor(x, [6, 8]), tensor(first, [12, 8])), weight));
    const host = started!.backend as unknown as Host;
    const clear = {
      key: "test.clear",
      wgsl: () =>
        "@group(0) @binding(0) var<storage, read_write> x: array<f32>;\n@compute @workgroup_size(64)\nfn main(@builtin(local_invocation_index) lane: u32) { if (lane < 48u) { x[lane] = 0.0; } }\n",
      access: ["write"],
      uniforms: {},
    } as const;
    host.dispatch(clear, [weight], {}, [1, 1, 1]);
    expect([...(await weight.data())].every((value) => value === 0)).toBe(true);
    await expectValues(y, product(Float32Array.from(product(x, first, undefined, 8)), second, undefined, 12));
    weight.dispose();
    y.dispose();
  });

  it("is not computed if nothing reads it, and leaves nothing", () => {
    const before = started!.backend.numDataIds();
    const keys = keysOf(() =>
      tidy(() => void linear(tensor(values([6, 8], 1), [6, 8]), tensor(values([4, 8], 2), [4, 8]))),
    );
    expect(keys).toEqual([]);
    expect(started!.backend.numDataIds()).toBe(before);
  });
});
