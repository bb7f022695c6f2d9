import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Host, KernelBinding } from "../host.ts";
import { grid, programs } from "../program.ts";
import { inShare, numbered, sharesOf, together } from "../together.ts";
import type { GemmShape } from "./select.ts";

/** c = alpha * (the sum of the partial products `[splits, m, n]`) (+ bias) (+ c) */
export function addSplits(
  host: Host,
  g: GemmShape & { biasTensor: KernelBinding | undefined },
  sums: TensorInfo,
  c: KernelBinding,
  splits: number,
  alpha: number,
): void {
  const bias = g.biasTensor !== undefined;
  const width = g.n % 4 === 0 ? 4 : 1;
  const count = (g.m * g.n) / width;
  host.dispatch(
    splitSumProgram({ vectors: width === 4, bias, accumulate: g.accumulate ?? false, half: g.half ?? false }),
    [sums, ...(bias ? [g.biasTensor!] : []), c],
    { count, n: g.n / width, splits, alpha },
    grid(Math.ceil(count / 256)),
  );
}

interface SplitSum {
  vectors: boolean;
  bias: boolean;
  accumulate: boolean;
  half: boolean;
}

const splitSumKey = ({ vectors, bias, accumulate, half }: SplitSum) =>
  `gemm.splits.${vectors ? "vec4" : "scalar"}${bias ? ".bias" : ""}${accumulate ? ".accumulate" : ""}${half ? ".half" : ""}`;

/** c = alpha * (the sum of the partial products, in order) (+ bias) (+ c) */
const splitSumProgram = /* @__PURE__ */ programs(splitSumKey, (sum) => {
  const { vectors, bias, accumulate, half } = sum;
  const typeOf = (element: string) => (vectors ? `vec4<${element}>` : element);
  return {
    enable: half ? ["f16"] : [],
    storage: {
      sums: ["read", "T"],
      ...(bias ? { bias: ["read", "T"] as const } : {}),
      c: ["write", "C"],
    },
    uniforms: { count: "u32", n: "u32", splits: "u32", alpha: "f32" },
    size: 256,
    declare: `alias T = ${typeOf("f32")};\nalias C = ${typeOf(half ? "f16" : "f32")};`,
    main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
var sum = T();
for (var s = 0u; s < uniforms.splits; s++) { sum += sums[s * uniforms.count + i]; }
c[i] = C(uniforms.alpha * sum${bias ? " + bias[i % uniforms.n]" : ""}${accumulate ? " + T(c[i])" : ""});`,
  };
});

const sumsTogetherProgram = /* @__PURE__ */ programs(
  (products: number, vectors: boolean) => `gemm.splits.together.${vectors ? "vec4" : "scalar"}.${products}`,
  (products, vectors) => ({
    storage: numbered(products, { sums: ["read", "T"] as const, c: ["write", "T"] as const }),
    uniforms: numbered(products, { count: "u32" as const, splits: "u32" as const }),
    size: 256,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
    main: inShare(
      products,
      256,
      (n) => `let i = start + lane;
if (i < uniforms.count${n}) {
  var sum = T();
  for (var s = 0u; s < uniforms.splits${n}; s++) { sum += sums${n}[s * uniforms.count${n} + i]; }
  c${n}[i] = sum;
}`,
    ),
  }),
);

/** The sums of the partial products of several matrices. */
export const addSplitsTogether = (
  host: Host,
  products: readonly { sums: TensorInfo; c: TensorInfo; size: number; splits: number }[],
): void => {
  for (const width of [4, 1]) {
    const shares = products
      .filter(({ size }) => (size % 4 === 0 ? 4 : 1) === width)
      .map(({ sums, c, size, splits }) => ({ bindings: [sums, c], count: size / width, numbers: { splits } }));
    together(host, shares, {
      most: sharesOf(host, 2, 0),
      block: 256,
      programOf: (count) => sumsTogetherProgram(count, width === 4),
      others: [],
      uniforms: () => ({}),
    });
  }
};
