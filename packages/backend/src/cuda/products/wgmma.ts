import type { CardReport } from "../driver/device.ts";
import type { Driver } from "../driver/driver.ts";
import { succeed } from "../driver/driver.ts";
import {
  addressOf,
  type ChosenProducts,
  formOf,
  halvesOf,
  isOnUnits,
  lies,
  lineOf,
  type Product,
  type ProductHost,
  type ProductOperand,
} from "./product.ts";
import { compiled } from "./wgmma.generated.ts";

/** The oldest driver whose compiler takes PTX 8.3. */
const oldestDriver = 12_030;
const capability = 90;

/** Why these kernels cannot be used, if they cannot. */
export const wgmmaProblem = (driver: Driver, version: number, card: CardReport): string | undefined => {
  if (compiled.images.length === 0) return "the kernels of wgmma were left out of this build, which had no clang";
  if (card.capability !== capability)
    return `expected a card of compute capability 9.0, got ${card.name} of ${(card.capability / 10).toFixed(1)}`;
  if (version < oldestDriver || !driver.encodeTensorMap)
    return "expected a driver for CUDA 12.3 (545) or newer, got an older one";
  return undefined;
};

/** Of wgmma-tile.h: a tile of 128 x 128 by nine warps; three slots of two tiles with 64 of k, their barriers, and what aligning them takes. */
const tile = 128;
const launchOptions = { block: 288, shared: 3 * 2 * tile * 64 * 2 + 2 * 3 * 8 + 1024 };
const maxBatches = 65535;
/** The words of a tensor map, and those of a WgmmaProduct of wgmma.cu. */
const mapWords = 32;
const entryWords = 80;

/** An operand as its tensor map has it: [batches, lines, elements of a line], with the steps between lines and batches. */
interface Boxed {
  pointer: bigint;
  sizes: readonly [inner: number, lines: number, batches: number];
  line: number;
  step: number;
}

/** Undefined where the copy engine does not take an operand: its lines and batches have to lie 16 bytes apart, in order. */
const boxed = (
  pointer: bigint,
  operand: ProductOperand,
  { rows, k, batches }: { rows: number; k: number; batches: number },
): Boxed | undefined => {
  const line = lineOf(operand);
  const [inner, lines] = lies(operand) === "n" ? [k, rows] : [rows, k];
  const { batch = 0 } = operand;
  const isBatched = batches > 1 && batch > 0;
  const step = isBatched ? batch : line * lines;
  if (
    inner === 0 ||
    lines === 0 ||
    pointer % 16n !== 0n ||
    line % 8 !== 0 ||
    line < inner ||
    step % line !== 0 ||
    step < line * lines
  )
    return undefined;
  return { pointer, sizes: [inner, lines, isBatched ? batches : 1], line, step };
};

/** Of `cuda.h`: bf16, a swizzle of 128 bytes, as the descriptors of wgmma-tile.h have it, and lines of L2 that are fetched whole. */
const bfloat16 = 9;
const swizzle128 = 3;
const promote256 = 3;
/** Elements of a box along each axis: 64 of a line, 64 lines. */
const box = Uint32Array.of(64, 64, 1);
const everyElement = Uint32Array.of(1, 1, 1);

/** The tensor map of an operand. */
const encode = (driver: Driver, { pointer, sizes, line, step }: Boxed): Int32Array => {
  const bytes = new Uint8Array(192); // of which 128 begin at a multiple of 64
  const words = new Int32Array(bytes.buffer, Number(-driver.native.addressOf(bytes) & 63n), mapWords);
  const code = driver.encodeTensorMap!(
    ...([words, bfloat16, sizes.length, pointer, BigUint64Array.from(sizes, BigInt)] as const),
    ...([BigUint64Array.of(BigInt(line * 2), BigInt(step * 2)), box, everyElement] as const),
    ...([0, swizzle128, promote256, 0] as const),
  );
  succeed(driver, code, "cuTensorMapEncodeTiled", "describing an operand to the copy engine");
  return words;
};

interface Operands {
  a: Boxed;
  b: Boxed;
}

/** The operands of a product that these kernels take: halves, more than half a tile each way. */
const operandsOf = (host: ProductHost, product: Product): Operands | undefined => {
  const { m, n, k, batches = 1 } = product;
  if (!isOnUnits(host, product) || m <= tile / 2 || n <= tile / 2 || k === 0 || batches > maxBatches) return undefined;
  const a = boxed(halvesOf(host, product.a.x), product.a, { rows: m, k, batches });
  const b = boxed(halvesOf(host, product.b.x), product.b, { rows: n, k, batches });
  return a && b && { a, b };
};

const blocksOf = ({ m, n }: Product) => Math.ceil(m / tile) * Math.ceil(n / tile);

/** Products on Hopper's matrix units, fed by its copy engine: wgmma.cu. */
export const wgmmaProducts = (driver: Driver): ChosenProducts => ({
  name: "wgmma",
  multiply(host, product) {
    const operands = operandsOf(host, product);
    if (!operands) return false;
    const { a, b } = operands;
    const { m, n, k, scale = 1, accumulate = false, batches = 1 } = product;
    const to = formOf(host, product.c);
    const flags = Number(accumulate) + (to.half ? 2 : 0) + (a.sizes[2] > 1 ? 4 : 0) + (b.sizes[2] > 1 ? 8 : 0);
    const name = `product_wgmma_${lies(product.a)}${lies(product.b)}`;
    const grid = [Math.ceil(m / tile), Math.ceil(n / tile), batches] as const;
    // The operands are known to the maps alone.
    const listed = 2 * [a, b].reduce((sum, { sizes }) => sum + sizes[0] * sizes[1] * sizes[2], 0);
    host.launch(compiled, name, { grid, ...launchOptions, listed }, [
      ...[encode(driver, a), encode(driver, b), product.bias ? host.pointer(product.bias) : 0n, to.pointer],
      ...[m, n, k, scale, flags],
    ]);
    return true;
  },
  multiplyAll(host, products) {
    const all = products.map((product) => operandsOf(host, product));
    if (!all.every((operands) => operands !== undefined)) return false;
    const words = new Int32Array(products.length * entryWords);
    const pointers = new BigUint64Array(words.buffer);
    let [blocks, listed] = [0, 0];
    for (const [i, product] of products.entries()) {
      const { m, n, k, c } = product;
      const { a, b } = all[i]!;
      const at = i * entryWords;
      words.set(encode(driver, a), at);
      words.set(encode(driver, b), at + mapWords);
      pointers[(at + 2 * mapWords) / 2] = addressOf(host, c);
      words.set([m, n, k, blocks], at + 2 * mapWords + 2);
      blocks += blocksOf(product);
      listed += (m + n) * k * 2 + m * n * 4;
    }
    host.withList(words, (list) =>
      host.launch(compiled, "products_wgmma_tt", { grid: [blocks], ...launchOptions, listed }, [list, products.length]),
    );
    return true;
  },
  tensorMap({ x, rows, k, ...operand }) {
    const found = boxed(x, { x, ...operand }, { rows, k, batches: 1 });
    return found && encode(driver, found);
  },
  dispose() {},
});
