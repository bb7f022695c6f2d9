import { describe, expect, it } from "vitest";
import { buildCudaEmulator, type Mutant } from "../../cuda-emulator.ts";
import { cudaTests } from "../cuda.testing.ts";
import { startCuda } from "../start.ts";
import {
  errorOf,
  errorOfMany,
  manyShapes,
  shapes,
  tolerance,
  toleranceOf,
  wgmmaManyShapes,
  wgmmaShapes,
} from "./products.testing.ts";
import { wgmmaMutants } from "./wgmma-mutants.testing.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const tile = "/matrix-tile.h";
const matrix = "/matrix.cu";
const pairs = "/pairs.h";
const product = "/product.cu";
const lists = "/lists.h";

/** Faults that somebody could make, each of which one of the shapes has to find. */
const mutants: (Mutant & { name: string })[] = [
  { name: "no wait for copies", file: tile, from: "wait_copies<STAGES - 2>();", to: "" },
  {
    name: "no barrier in a step",
    ...{ file: tile, from: "__syncthreads();\n    copy(step + STAGES - 1);", to: "copy(step + STAGES - 1);" },
  },
  {
    name: "rows of a swapped",
    ...{ file: tile, from: "wm + i * 16 + (lane & 15)", to: "wm + i * 16 + (lane >> 1)" },
  },
  {
    name: "rows of a that lies the other way swapped",
    ...{ file: tile, from: "part + (lane & 7) + (lane >> 4) * 8", to: "part + (lane >> 1)" },
  },
  {
    name: "rows of b swapped",
    ...{ file: tile, from: "wn + j * 16 + (lane & 7) + (lane >> 4) * 8", to: "wn + j * 16 + (lane & 15)" },
  },
  {
    name: "rows of b that lies the other way swapped",
    ...{ file: tile, from: "part + (lane & 15)", to: "part + (lane >> 1)" },
  },
  { name: "no bound on k", file: tile, from: "row < from.rows && first < k", to: "row < from.rows" },
  { name: "whole chunks at the end", file: tile, from: "(left < 8 ? left : 8)", to: "8" },
  { name: "the last step left out", file: tile, from: "(k + HALF_DEPTH - 1) / HALF_DEPTH", to: "k / HALF_DEPTH" },
  {
    name: "rows of the result swapped",
    ...{
      file: tile,
      from: "warp_row() + i * 16 + (lane >> 2) + e / 2 * 8",
      to: "warp_row() + i * 16 + (lane >> 2) * 2 + e / 2",
    },
  },
  { name: "no bound on the rows", file: pairs, from: "row >= m || column >= n", to: "column >= n" },
  { name: "no bound on the columns", file: pairs, from: "row >= m || column >= n", to: "row >= m" },
  {
    name: "the bias of another column",
    file: pairs,
    from: "(bias ? bias[column] : 0.0f)",
    to: "(bias ? bias[0] : 0.0f)",
  },
  { name: "what is there left alone", file: pairs, from: "(add ? to[0] : 0.0f)", to: "0.0f" },
  { name: "the first batch for all", file: matrix, from: "b + (size_t)blockIdx.z * at_b.batch", to: "b" },
  { name: "pairs where rows are odd", file: pairs, from: "n % 2 == 0", to: "true" },
  { name: "tiles of a list the wrong way", file: matrix, from: "block % down * T::rows", to: "block / down * T::rows" },
  {
    name: "the entry before",
    file: lists,
    from: "list[middle].first_block <= block",
    to: "list[middle].first_block < block",
  },
  { name: "half of a list", file: lists, from: "count - 1", to: "count / 2" },
  { name: "the first entry for all", file: lists, from: "list[low]", to: "list[0]" },
  { name: "no barrier before a step", file: product, after: "0.0f;\n    }\n    ", from: "__syncthreads();", to: "" },
  {
    name: "no barrier after a step",
    file: product,
    after: "sums[i][j]);\n    }\n    ",
    from: "__syncthreads();",
    to: "",
  },
  { name: "no bound on k in float32", file: product, from: "row0 + ra < m && k0 + ka < k", to: "row0 + ra < m" },
  { name: "no bound on rows in float32", file: product, from: "row < m && column < n", to: "column < n" },
];

/** What finds a fault of an emulator: a wrong number, or an error. */
const foundBy = async (library: string): Promise<string | undefined> => {
  for (const precision of ["mixed", "float32"] as const) {
    const halves = precision === "mixed" ? "bf16" : "float32";
    const bound = precision === "mixed" ? tolerance : 10 * tolerance; // products of halves are exact
    const started = await startCuda({ library, precision, check: true });
    try {
      for (const shape of [...shapes, { ...shapes[0]!, half: true }])
        if (!((await errorOf(started, shape, halves)) < bound)) return "a wrong number";
      if (!((await errorOfMany(started, manyShapes, halves)) < bound)) return "a wrong number of many";
    } catch (error) {
      return (error as Error).message;
    } finally {
      started.dispose();
    }
  }
  return undefined;
};

/** The same on an emulated Hopper. */
const foundOnHopper = async (library: string): Promise<string | undefined> => {
  const started = await startCuda({ library, precision: "mixed", products: "wgmma", check: true });
  try {
    for (const shape of wgmmaShapes)
      if (!((await errorOf(started, shape, "bf16")) < toleranceOf(shape))) return "a wrong number";
    if (!((await errorOfMany(started, wgmmaManyShapes, "bf16")) < 10 * tolerance)) return "a wrong number of many";
  } catch (error) {
    return (error as Error).message;
  } finally {
    started.dispose();
  }
  return undefined;
};

describe.runIf(emulator)("a fault in the text of products", () => {
  const all = [...mutants, ...wgmmaMutants];
  const built = emulator ? buildCudaEmulator({ mutants: all }) : undefined;

  const found = async (mutant: number, hopper: boolean): Promise<string | undefined> => {
    built!.set("major", hopper ? 9 : 8);
    built!.set("mutant", mutant);
    try {
      return await (hopper ? foundOnHopper : foundBy)(built!.library);
    } finally {
      built!.set("mutant", 0);
      built!.set("major", 8);
    }
  };

  it.each([false, true])("is none where there is none, Hopper: %s", { timeout: 60_000 }, async (hopper) => {
    expect(await found(0, hopper)).toBeUndefined();
  });

  it.each(all.map(({ name }, i) => [name, i] as const))("is found: %s", { timeout: 60_000 }, async (_, i) => {
    expect(await found(i + 1, i >= mutants.length)).toBeDefined();
  });
});
