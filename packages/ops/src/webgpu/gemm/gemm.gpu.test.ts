import { engine, type Tensor, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../../spec.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../adapter.testing.ts";
import type { Host } from "../host.ts";
import { gemm } from "./index.ts";
import type { Form } from "./tiled.ts";

const forms: Form[] = ["nt", "nn", "tn"];

/** Runs one product on the current backend and returns its largest error, relative to the largest element. */
async function errorOf(
  host: Host,
  form: Form,
  [m, n, k]: number[],
  more: { alpha?: number; bias?: boolean; accumulate?: boolean },
) {
  const a = uniform(form === "tn" ? [k!, m!] : [m!, k!], 1);
  const b = uniform(form === "nt" ? [n!, k!] : [k!, n!], 2);
  const old = uniform([m!, n!], 3);
  const bias = uniform([n!], 4);
  const [ta, tb, tc, tbias] = [a, b, old, bias].map(({ values, shape }) => tensor(values, shape)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const c = more.accumulate ? tc : host.makeTensorInfo([m!, n!], "float32");
  gemm(host, {
    form,
    a: ta,
    b: tb,
    c,
    m: m!,
    n: n!,
    k: k!,
    alpha: more.alpha,
    accumulate: more.accumulate,
    biasTensor: more.bias ? tbias : undefined,
  });
  const result = more.accumulate ? tc : engine().makeTensorFromTensorInfo(c as TensorInfo);
  const got = await result.data();
  let [error, largest] = [0, 0];
  for (let i = 0; i < m!; i++) {
    for (let j = 0; j < n!; j++) {
      let sum = 0;
      for (let l = 0; l < k!; l++)
        sum += a.values[form === "tn" ? l * m! + i : i * k! + l]! * b.values[form === "nt" ? j * k! + l : l * n! + j]!;
      sum =
        sum * (more.alpha ?? 1) + (more.bias ? bias.values[j]! : 0) + (more.accumulate ? old.values[i * n! + j]! : 0);
      largest = Math.max(largest, Math.abs(sum));
      // Written so that NaN counts as an error.
      if (!(Math.abs(got[i * n! + j]! - sum) <= error)) error = Math.abs(got[i * n! + j]! - sum);
    }
  }
  for (const x of [ta, tb, tc, tbias, ...(more.accumulate ? [] : [result])]) x.dispose();
  return error / largest;
}

const variants = [
  { name: "32x32", tier: "float32", tolerance: 1e-5 },
  { name: "64x64", tier: "float32", tolerance: 1e-5 },
  { name: "128x128", tier: "float32", tolerance: 1e-5 },
  { name: "64x64", tier: "float16", tolerance: 3e-3 },
  { name: "matrix.64x64", tier: "matrix", tolerance: 3e-3 },
  { name: "matrix.64x64", tier: "matrix", tolerance: 3e-3, matrixSpelling: "old" },
  { name: "matrix.128x128", tier: "matrix", tolerance: 3e-3 },
] as const;

const tiers = await testableTiers();
if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

describe.each(variants.filter(({ tier }) => tiers.includes(tier)))("gemm $name in tier $tier", (variant) => {
  const { name, tier, tolerance } = variant;
  // A software adapter takes seconds to compile a large tile of matrices: one form and one edge of the rarer ones.
  const few = name === "matrix.128x128" || "matrixSpelling" in variant;
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend({ ...variant, variants: { gemm: name }, tier });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  it.each(few ? (["tn"] as const) : forms)("%s, whole tiles", async (form) => {
    expect(await errorOf(started!.backend, form, [128, 128, 64], {})).toBeLessThan(tolerance);
  });

  it.each(few ? (["nt"] as const) : forms)("%s, odd sizes with alpha, bias and accumulation", async (form) => {
    const more = { alpha: 0.5, bias: true, accumulate: true };
    expect(await errorOf(started!.backend, form, [131, 70, 37], more)).toBeLessThan(tolerance);
  });

  it.skipIf(few)("a long contraction in several parts", async () => {
    expect(await errorOf(started!.backend, "tn", [20, 24, 2100], { bias: true })).toBeLessThan(tolerance);
  });
});
