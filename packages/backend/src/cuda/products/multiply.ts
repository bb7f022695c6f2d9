import { compiled } from "../compiled.generated.ts";
import {
  addressOf,
  formOf,
  halvesOf,
  isOnUnits,
  lies,
  lineOf,
  type Product,
  type ProductHost,
  type ProductOperand,
} from "./product.ts";

const maxBatches = 65535;
/** Of product.cu: a tile of 32 x 32, k in steps of 16. */
const float32Tile = 32;
const float32Launch = { block: 64, shared: 2 * 16 * (float32Tile + 1) * 4 };

/** The tiles of matrix-tile.h. Which one it is does not change a bit of the result. */
const tiles = { large: { size: 128, threads: 256 }, small: { size: 64, threads: 128 } } as const;
type TileName = keyof typeof tiles;

/** Three stages of two tiles of 32 halves a row. */
const launchOf = (tile: TileName) => ({ block: tiles[tile].threads, shared: 3 * 2 * tiles[tile].size * 64 });

/** The smaller tile if the larger one would leave multiprocessors without work, or be mostly empty. */
export const tileFor = (
  { m, n, batches = 1 }: Pick<Product, "m" | "n" | "batches">,
  multiprocessors: number,
): TileName => (m > 64 && n > 64 && batches * blocksOf({ m, n }, 128) >= multiprocessors ? "large" : "small");

const blocksOf = ({ m, n }: Pick<Product, "m" | "n">, size: number) => Math.ceil(m / size) * Math.ceil(n / size);

/** Gives a product to the stream. */
export const multiply = (host: ProductHost, product: Product): void => {
  if (host.chosenProducts?.multiply(host, product)) return;
  const { m, n, a, b, c, batches = 1 } = product;
  const onUnits = isOnUnits(host, product);
  const tile = tileFor(product, host.card.multiprocessors);
  const size = onUnits ? tiles[tile].size : float32Tile;
  const name = onUnits ? `product_half_${lies(a)}${lies(b)}_${tile}` : "product_f32";
  const plain = onUnits ? launchOf(tile) : float32Launch;
  const to = onUnits ? formOf(host, c) : { pointer: addressOf(host, c), half: false };
  const [left, right] = [a, b].map(({ x }) => (onUnits ? halvesOf(host, x) : addressOf(host, x))) as [bigint, bigint];
  const bytes = onUnits ? 2 : 4;
  for (let first = 0; first < batches; first += maxBatches) {
    const grid = [Math.ceil(m / size), Math.ceil(n / size), Math.min(maxBatches, batches - first)] as const;
    const at = (pointer: bigint, elements: number, width: number) => pointer + BigInt(elements * width);
    const args = [
      at(left, first * (a.batch ?? 0), bytes),
      at(right, first * (b.batch ?? 0), bytes),
      product.bias ? host.pointer(product.bias) : 0n,
      at(to.pointer, first * m * n, to.half ? 2 : 4),
      ...[m, n, product.k],
      ...(onUnits ? [halfLayout(a, left), halfLayout(b, right)] : [float32Layout(a), float32Layout(b)]),
      product.scale ?? 1,
      Number(product.accumulate ?? false) + (to.half ? 2 : 0),
    ];
    host.launch(compiled, name, { grid, ...plain }, args);
  }
};

/** The words of an entry of a list: HalfProduct of matrix.cu, FloatProduct of product.cu. */
const entryWords = 18;

/**
 * Gives many products to the stream as one launch: dy^T x, operands whose rows lie in lines, without bias, scale, batches or what is there.
 * `c` is written as float32.
 */
export const multiplyAll = (host: ProductHost, products: readonly Product[]): void => {
  const some = products.filter(({ m, n }) => m > 0 && n > 0);
  if (some.length === 0 || host.chosenProducts?.multiplyAll(host, some)) return;
  const onUnits = isOnUnits(host, some[0]!);
  const large = some.reduce((sum, product) => sum + blocksOf(product, 128), 0);
  const tile: TileName = large >= host.card.multiprocessors ? "large" : "small";
  const size = onUnits ? tiles[tile].size : float32Tile;
  const words = new Int32Array(some.length * entryWords);
  const pointers = new BigUint64Array(words.buffer);
  let [blocks, listed] = [0, 0];
  for (const [i, product] of some.entries()) {
    const { a, b, c, m, n, k } = product;
    const [left, right] = [a, b].map(({ x }) => (onUnits ? halvesOf(host, x) : addressOf(host, x))) as [bigint, bigint];
    pointers.set([left, right, addressOf(host, c)], (i * entryWords) / 2);
    const layouts = onUnits ? [halfLayout(a, left), halfLayout(b, right)] : [float32Layout(a), float32Layout(b)];
    words.set([m, n, k, ...layouts.flatMap((layout) => [...layout]), blocks], i * entryWords + 6);
    blocks += blocksOf(product, size);
    listed += (m + n) * k * (onUnits ? 2 : 4) + m * n * 4;
  }
  const name = onUnits ? `products_half_tt_${tile}` : "products_f32";
  const plain = onUnits ? launchOf(tile) : float32Launch;
  host.withList(words, (list) =>
    host.launch(compiled, name, { grid: [blocks], ...plain, listed }, [list, some.length]),
  );
};

/** `HalfLayout` of matrix.cu. */
const halfLayout = (operand: ProductOperand, pointer: bigint): Int32Array => {
  const [line, { batch = 0 }] = [lineOf(operand), operand];
  return Int32Array.of(batch, line, Number(line % 8 === 0 && batch % 8 === 0 && pointer % 16n === 0n));
};

/** `Operand` of product.cu. */
const float32Layout = ({ across, along, batch = 0 }: ProductOperand): Int32Array => Int32Array.of(batch, across, along);
