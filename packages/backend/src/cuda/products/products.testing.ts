import * as tf from "@tensorflow/tfjs-core";
import type { StartedCuda } from "../start.ts";

const wave = (n: number, phase: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + phase));

/** Rounded to the nearest half, ties to even, as the kernels round operands. */
const rounded = (x: number, halves: "bf16" | "f16"): number => {
  const step = 2 ** (Math.floor(Math.log2(Math.abs(x) || 1)) - (halves === "bf16" ? 7 : 10));
  const q = x / step;
  const low = Math.floor(q);
  const even = q - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(q);
  return even * step;
};

export interface Shape {
  batches: number;
  m: number;
  n: number;
  k: number;
  a: "n" | "t";
  b: "n" | "t";
  bias: boolean;
  /** Whether the result is a tensor of halves. @defaultValue `false` */
  half?: boolean;
}

/** The largest difference of a product on the current backend from the same in float64, over operands that are rounded alike. */
export const errorOf = async (
  { backend }: StartedCuda,
  { batches, m, n, k, a, b, bias, half = false }: Shape,
  halves: "bf16" | "f16" | "float32",
) => {
  const [x, y, z] = [wave(batches * m * k, 0), wave(batches * n * k, 1), wave(n, 2)];
  const tensors = [x, y, z].map((values) => tf.tensor1d(values));
  const c = half ? backend.halfOutput([batches, m, n]) : backend.output([batches, m, n]);
  const lying = (way: "n" | "t", rows: number) =>
    way === "n" ? { across: k, along: 1, batch: rows * k } : { across: 1, along: rows, batch: rows * k };
  const [wayA, wayB] = [lying(a, m), lying(b, n)];
  backend.multiply({
    ...{ m, n, k, batches, c, mixed: true, scale: 0.5 },
    ...{ a: { x: tensors[0]!, ...wayA }, b: { x: tensors[1]!, ...wayB }, bias: bias ? tensors[2]! : undefined },
  });
  if (bias && !half)
    backend.multiply({
      ...{ m, n, k, batches, c, mixed: true, scale: 0.25, accumulate: true },
      ...{ a: { x: tensors[0]!, ...wayA }, b: { x: tensors[1]!, ...wayB } },
    });
  const got = (await backend.read(c.dataId)) as Float32Array;
  backend.disposeData(c.dataId);
  tf.dispose(tensors);
  const [rx, ry] = [x, y].map((values) =>
    values.map((value) => (halves === "float32" ? value : rounded(value, halves))),
  ) as [Float32Array, Float32Array];
  let worst = 0;
  for (let s = 0; s < batches; s++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++)
          sum +=
            rx[s * wayA.batch + i * wayA.across + p * wayA.along]! *
            ry[s * wayB.batch + j * wayB.across + p * wayB.along]!;
        const wanted = (bias && !half ? 0.75 : 0.5) * sum + (bias ? z[j]! : 0);
        // A half is off by at most half of the last of its eight or eleven bits.
        const rounding = half ? Math.abs(wanted) * (halves === "bf16" ? 2 ** -8 : 2 ** -11) : 0;
        const off = Math.abs(got[(s * m + i) * n + j]! - wanted) - rounding;
        worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
      }
  return worst;
};

const ways = [
  ["n", "n"],
  ["n", "t"],
  ["t", "n"],
  ["t", "t"],
] as const;
export const shapes: Shape[] = [
  ...ways.map(([a, b]) => ({ batches: 1, m: 130, n: 137, k: 75, a, b, bias: a === "n" })), // four large tiles, ends of all
  ...ways.map(([a, b]) => ({ batches: 3, m: 33, n: 70, k: 40, a, b, bias: b === "n" })),
  { batches: 1, m: 1, n: 1, k: 1, a: "n", b: "n", bias: true },
  ...ways.map(([a, b]) => ({ batches: 2, m: 72, n: 136, k: 104, a, b, bias: a === "t" })), // read 16 bytes at a time
];
/** For tiles of 128 and steps of 64 whose lines begin at multiples of 16 bytes: ends of all, and more steps than there are slots. */
export const wgmmaShapes: Shape[] = [
  ...ways.map(([a, b]) => ({ batches: 1, m: 136, n: 200, k: 424, a, b, bias: a === "n", half: b === "t" })),
  ...ways.map(([a, b]) => ({ batches: 2, m: 72, n: 144, k: 40, a, b, bias: b === "n", half: false })),
  { batches: 1, m: 131, n: 77, k: 72, a: "n", b: "n", bias: true, half: true },
];
export const wgmmaManyShapes = [
  [72, 136, 100],
  [264, 128, 33],
] as const;
export const tolerance = 1e-5;
/** Sums over more elements round more. */
export const toleranceOf = ({ k }: Pick<Shape, "k">): number => (tolerance * Math.max(64, k)) / 64;

/** Of weights' gradients: m, n and k. */
export const manyShapes = [
  [70, 33, 40],
  [136, 72, 104],
  [1, 1, 1],
  [129, 200, 65],
] as const;

/** The largest difference of products x^T y that are computed together. */
export const errorOfMany = async (
  { backend }: StartedCuda,
  all: readonly (readonly [m: number, n: number, k: number])[],
  halves: "bf16" | "f16" | "float32",
) => {
  const round = (value: number) => (halves === "float32" ? value : rounded(value, halves));
  const products = all.map(([m, n, k], i) => {
    const [x, y] = [wave(m * k, i), wave(n * k, i + 0.5)];
    const [a, b] = [tf.tensor1d(x), tf.tensor1d(y)];
    return { m, n, k, x: x.map(round), y: y.map(round), a, b, c: backend.output([m, n]) };
  });
  backend.multiplyAll(
    products.map(({ m, n, k, a, b, c }) => ({
      ...{ m, n, k, c, mixed: true },
      ...{ a: { x: a, across: 1, along: m }, b: { x: b, across: 1, along: n } },
    })),
  );
  let worst = 0;
  for (const { m, n, k, x, y, a, b, c } of products) {
    const got = (await backend.read(c.dataId)) as Float32Array;
    backend.disposeData(c.dataId);
    tf.dispose([a, b]);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += x[p * m + i]! * y[p * n + j]!;
        const off = Math.abs(got[i * n + j]! - sum);
        worst = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
      }
  }
  return worst;
};
