import type { Products } from "./product.ts";

/** Odd sizes and one of several blocks along every axis; both forms of each operand. */
const shapes = [
  { m: 33, n: 17, k: 300, transposeA: false, transposeB: true },
  { m: 64, n: 48, k: 65, transposeA: false, transposeB: false },
  { m: 19, n: 70, k: 129, transposeA: true, transposeB: false },
];

/**
 * Multiplies small whole numbers, whose sums every float32 and every bf16 operand holds exactly, and compares: some builds
 * of some libraries compute wrong results on processors that they do not know. Returns what is wrong, or undefined.
 * `memory` has room for 256 KiB of numbers at `address`; `precision` is that of the operands.
 */
export const checkProduct = (
  products: Products,
  precision: "float32" | "bf16",
  memory: WebAssembly.Memory,
  address: number,
): string | undefined => {
  const isHalf = precision === "bf16";
  const product = products[precision]!;
  for (const { m, n, k, transposeA, transposeB } of shapes) {
    const [atA, atB, atC] = [address, address + 65536, address + 131072];
    const a = wholeNumbers(m * k, 7);
    const b = wholeNumbers(n * k, 5);
    write(memory, atA, a, isHalf);
    write(memory, atB, b, isHalf);
    const c = new Float32Array(memory.buffer, atC, m * n).fill(1);
    products.signals?.hold();
    product(transposeA, transposeB, m, n, k, atA, transposeA ? m : k, atB, transposeB ? k : n, true, atC, n);
    products.signals?.release();
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let expected = 1;
        for (let l = 0; l < k; l++) {
          expected += a[transposeA ? l * m + i : i * k + l]! * b[transposeB ? j * k + l : l * n + j]!;
        }
        const got = c[i * n + j]!;
        if (got !== expected) return `a product of ${m} x ${n} x ${k} came out as ${got}, not ${expected}`;
      }
    }
  }
  return undefined;
};

/** -3 to 3 and -2 to 2 in an order without a pattern that a wrong stride would share. */
const wholeNumbers = (count: number, kinds: number): number[] =>
  Array.from({ length: count }, (_, i) => ((i * i + 3 * i + (i >> 3)) % kinds) - (kinds - 1) / 2);

/** bf16 is the upper half of a float32; these numbers lose nothing by it. */
const write = (memory: WebAssembly.Memory, address: number, values: number[], isHalf: boolean): void => {
  const floats = Float32Array.from(values);
  if (isHalf) {
    const halves = Uint16Array.from(new Uint32Array(floats.buffer), (bits) => bits >>> 16);
    new Uint16Array(memory.buffer, address, halves.length).set(halves);
  } else {
    new Float32Array(memory.buffer, address, floats.length).set(floats);
  }
};
