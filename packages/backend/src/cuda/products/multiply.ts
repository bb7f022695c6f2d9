import type { TensorInfo } from "@tensorflow/tfjs-core";
import { compiled } from "../compiled.generated.ts";
import type { LaunchArgument, LaunchOptions } from "../launcher.ts";

/** An operand: element (batch, row, k) is so many elements from the first: batch * `batch` + row * `across` + k * `along`. */
export interface ProductOperand {
  x: TensorInfo | bigint;
  across: number;
  along: number;
  /** @defaultValue `0`: every batch has the same operand */
  batch?: number;
}

/** c [batches, m, n] = scale a [batches, m, k] b [batches, n, k]^T (+ bias [n]) (+ c). */
export interface Product {
  m: number;
  n: number;
  k: number;
  a: ProductOperand;
  b: ProductOperand;
  c: TensorInfo | bigint;
  /** @defaultValue none */
  bias?: TensorInfo;
  /** @defaultValue `1` */
  scale?: number;
  /** Whether what is there is added. @defaultValue `false` */
  accumulate?: boolean;
  /** @defaultValue `1` */
  batches?: number;
  /** Whether operands may be rounded to half precision where the backend's precision is mixed. @defaultValue `false` */
  mixed?: boolean;
}

/** What it needs of the backend. */
export interface ProductHost {
  readonly precision: "float32" | "mixed";
  readonly card: { readonly multiprocessors: number };
  launch(module: typeof compiled, name: string, options: LaunchOptions, args: readonly LaunchArgument[]): void;
  pointer(tensor: TensorInfo): bigint;
}

const maxBatches = 65535;
/** Of product.cu: a tile of 32 x 32, k in steps of 16. */
const float32Tile = 32;
const float32Bytes = 2 * 16 * (float32Tile + 1) * 4;

/** The tiles of matrix.cu. Which one it is does not change a bit of the result. */
const tiles = { large: { size: 128, threads: 256 }, small: { size: 64, threads: 128 } } as const;

/** The smaller tile if the larger one would leave multiprocessors without work, or be mostly empty. */
export const tileFor = (
  { m, n, batches = 1 }: Pick<Product, "m" | "n" | "batches">,
  multiprocessors: number,
): keyof typeof tiles => {
  const blocks = Math.ceil(m / 128) * Math.ceil(n / 128) * batches;
  return m > 64 && n > 64 && blocks >= multiprocessors ? "large" : "small";
};

/** Gives a product to the stream. */
export const multiply = (host: ProductHost, product: Product): void => {
  const { m, n, k, a, b, c, bias, batches = 1, scale = 1, accumulate = false, mixed = false } = product;
  const at = (x: TensorInfo | bigint, elements: number) =>
    (typeof x === "bigint" ? x : host.pointer(x)) + BigInt(4 * elements);
  const onUnits =
    mixed && host.precision === "mixed" && [a, b].every(({ across, along }) => across === 1 || along === 1);
  const tile = tileFor(product, host.card.multiprocessors);
  const { size, threads } = onUnits ? tiles[tile] : { size: float32Tile, threads: 64 };
  const name = onUnits ? `product_half_${lies(a)}${lies(b)}_${tile}` : "product_f32";
  const layouts = [a, b].map((operand) => (onUnits ? halfLayout(operand) : float32Layout(operand)));
  const shared = onUnits ? 2 * 2 * size * 64 : float32Bytes;
  for (let first = 0; first < batches; first += maxBatches) {
    const grid = [Math.ceil(m / size), Math.ceil(n / size), Math.min(maxBatches, batches - first)] as const;
    const pointers = [at(a.x, first * (a.batch ?? 0)), at(b.x, first * (b.batch ?? 0))];
    const args = [
      ...pointers,
      bias ? host.pointer(bias) : 0n,
      at(c, first * m * n),
      m,
      n,
      k,
      ...layouts,
      scale,
      Number(accumulate),
    ];
    host.launch(compiled, name, { grid, block: threads, shared }, args);
  }
};

const lies = ({ along }: ProductOperand): string => (along === 1 ? "n" : "t");

/** `HalfLayout` of matrix.cu. */
const halfLayout = ({ across, along, batch = 0 }: ProductOperand): Int32Array => {
  const line = along === 1 ? across : along;
  return Int32Array.of(batch, line, Number(line % 4 === 0 && batch % 4 === 0));
};

/** `Operand` of product.cu. */
const float32Layout = ({ across, along, batch = 0 }: ProductOperand): Int32Array => Int32Array.of(batch, across, along);
