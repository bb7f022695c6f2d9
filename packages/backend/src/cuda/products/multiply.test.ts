import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCudaEmulator, type CudaEmulator } from "../../cuda-emulator.ts";
import { cudaTests } from "../cuda.testing.ts";
import { type StartedCuda, startCuda } from "../start.ts";
import { tileFor } from "./multiply.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const wave = (n: number, phase: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + phase));

/** Rounded to the nearest half, ties to even, as the kernels round operands. */
const rounded = (x: number, halves: "bf16" | "f16"): number => {
  const step = 2 ** (Math.floor(Math.log2(Math.abs(x) || 1)) - (halves === "bf16" ? 7 : 10));
  const q = x / step;
  const low = Math.floor(q);
  const even = q - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(q);
  return even * step;
};

interface Shape {
  batches: number;
  m: number;
  n: number;
  k: number;
  a: "n" | "t";
  b: "n" | "t";
  bias: boolean;
}

/** The largest difference of a product on the current backend from the same in float64, over operands that are rounded alike. */
const errorOf = async ({ backend }: StartedCuda, { batches, m, n, k, a, b, bias }: Shape, halves: "bf16" | "f16") => {
  const [x, y, z] = [wave(batches * m * k, 0), wave(batches * n * k, 1), wave(n, 2)];
  const tensors = [x, y, z].map((values) => tf.tensor1d(values));
  const c = backend.output([batches, m, n]);
  const lying = (way: "n" | "t", rows: number) =>
    way === "n" ? { across: k, along: 1, batch: rows * k } : { across: 1, along: rows, batch: rows * k };
  const [wayA, wayB] = [lying(a, m), lying(b, n)];
  backend.multiply({
    ...{ m, n, k, batches, c, mixed: true, scale: 0.5 },
    ...{ a: { x: tensors[0]!, ...wayA }, b: { x: tensors[1]!, ...wayB }, bias: bias ? tensors[2]! : undefined },
  });
  if (bias)
    backend.multiply({
      ...{ m, n, k, batches, c, mixed: true, scale: 0.25, accumulate: true },
      ...{ a: { x: tensors[0]!, ...wayA }, b: { x: tensors[1]!, ...wayB } },
    });
  const got = (await backend.read(c.dataId)) as Float32Array;
  backend.disposeData(c.dataId);
  tf.dispose(tensors);
  const [rx, ry] = [x, y].map((values) => values.map((value) => rounded(value, halves))) as [
    Float32Array,
    Float32Array,
  ];
  let worst = 0;
  for (let s = 0; s < batches; s++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++)
          sum +=
            rx[s * wayA.batch + i * wayA.across + p * wayA.along]! *
            ry[s * wayB.batch + j * wayB.across + p * wayB.along]!;
        const wanted = bias ? 0.75 * sum + z[j]! : 0.5 * sum;
        const off = Math.abs(got[(s * m + i) * n + j]! - wanted);
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
const shapes: Shape[] = [
  ...ways.map(([a, b]) => ({ batches: 1, m: 130, n: 137, k: 75, a, b, bias: a === "n" })), // four large tiles, ends of all
  ...ways.map(([a, b]) => ({ batches: 3, m: 33, n: 70, k: 40, a, b, bias: b === "n" })),
  { batches: 1, m: 1, n: 1, k: 1, a: "n", b: "n", bias: true },
  { batches: 2, m: 65, n: 72, k: 68, a: "n", b: "n", bias: false }, // read 16 bytes at a time
];
const tolerance = 1e-5;
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
});

it("takes the smaller tile if the larger one leaves multiprocessors without work", () => {
  expect(tileFor({ m: 8192, n: 768 }, 132)).toBe("large");
  expect(tileFor({ m: 768, n: 768 }, 132)).toBe("small");
  expect(tileFor({ m: 768, n: 768, batches: 4 }, 132)).toBe("large");
  expect(tileFor({ m: 64, n: 768 }, 1)).toBe("small");
});

/** Faults that somebody could make, each of which one of the shapes has to find. */
const mutants: [name: string, from: string, to: string][] = [
  ["no barrier before the first step", "  store(0);\n  __syncthreads();", "  store(0);"],
  ["no barrier after a step", "store(step + 1);\n    __syncthreads();", "store(step + 1);"],
  ["one tile in place of two", "u8* to = shared + step % 2 * TILE_BYTES", "u8* to = shared"],
  [
    "lanes of b swapped",
    "(lane & 7) + ((lane >> 4) << 3), part + ((lane >> 3) & 1)",
    "(lane & 15), part + (lane >> 4)",
  ],
  [
    "lanes of a swapped",
    "wm + i * 16 + (lane & 15), part + (lane >> 4)",
    "wm + i * 16 + (lane >> 1), part + (lane & 1)",
  ],
  ["columns of the result swapped", "(lane & 3) * 2 + e % 2", "(lane & 3) + e % 2 * 4"],
  ["no bound on the rows", "if (row < a.rows && column < b.rows)", "if (column < b.rows)"],
  ["no bound on the columns", "if (row < a.rows && column < b.rows)", "if (row < a.rows)"],
  ["no bound on k", "const bool inside = row < from.rows && k0 + e < k;", "const bool inside = row < from.rows;"],
  ["wide reads beyond the end", "row < from.rows && k0 + 8 <= k", "row < from.rows && k0 < k"],
  ["the last step left out", "(k + HALF_DEPTH - 1) / HALF_DEPTH", "k / HALF_DEPTH"],
  ["the bias of another column", "sums[i][j][e] + (bias ? bias[column]", "sums[i][j][e] + (bias ? bias[n0]"],
  ["what is there left alone", "(add ? to : 0.0f);\n        }", "0.0f;\n        }"],
  ["the first batch for all", "b + (size_t)blockIdx.z * at_b.batch", "b"],
];
// One in a usual run, all of them on request: each compiles the kernels anew.
const tried = process.env.CRAMKIT_MUTANTS ? mutants : mutants.slice(1, 2);

describe.runIf(emulator).each(tried)("a mutant", (name, from, to) => {
  it(`is found: ${name}`, { timeout: 300_000 }, async () => {
    let changes = 0;
    const mutant: CudaEmulator = buildCudaEmulator({
      change: (text) => {
        if (!text.includes(from)) return text;
        changes++;
        return text.replaceAll(from, to);
      },
    });
    expect(changes).toBe(1);
    const found = [];
    for (const shape of shapes.slice(0, 12)) {
      const started = await startCuda({ library: mutant.library, precision: "mixed", check: true });
      try {
        if (!((await errorOf(started, shape, "bf16")) < tolerance)) found.push("a wrong number");
      } catch (error) {
        found.push((error as Error).message);
      } finally {
        started.dispose();
      }
      if (found.length > 0) break;
    }
    expect(found).toHaveLength(1);
  });
});
