import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { FLOATS_AT, gemmScratch, INTS, LAYOUT } from "./index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
type Kernels = Record<"gemmScratch" | "int" | "float", (...args: number[]) => number>;

/** What `cramkit-wasm` makes of an AssemblyScript text that imports the pieces of this package. */
const compiled = (text: string): { layout: number; plain: string } => {
  const folder = mkdtempSync(join(root, ".probe-"));
  try {
    writeFileSync(join(folder, "probe.ts"), text);
    const files = [join(folder, "probe.ts"), join(folder, "probe.generated.ts")];
    execFileSync(process.execPath, [join(root, "scripts/compile-wasm.mjs"), ...files], { cwd: root, stdio: "pipe" });
    const [, layout, plain] = readFileSync(files[1]!, "utf8").match(/layout: (\d+),\s+plain:\s+"([^"]+)"/)!;
    return { layout: Number(layout), plain: plain! };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

it("says the same of packing space and arguments in TypeScript and in AssemblyScript", () => {
  const { layout, plain } = compiled(`
    export { gemmScratch } from "../assembly/gemm";
    export { float, int } from "../assembly/arguments";
  `);
  expect(layout).toBe(LAYOUT);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  const module = new WebAssembly.Module(Buffer.from(plain, "base64"));
  const probe = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  for (const [m, n, k] of [
    [1, 1, 1],
    [6, 8, 256],
    [7, 9, 257],
    [129, 23, 1003],
  ] as const) {
    expect(probe.gemmScratch(m, n, k)).toBe(gemmScratch(m, n, k));
  }
  const at = 65536;
  new Int32Array(memory.buffer, at, INTS).set([7], INTS - 1);
  new Float32Array(memory.buffer, at + FLOATS_AT, 1).set([0.5]);
  expect([probe.int(at, INTS - 1), probe.float(at, 0)]).toEqual([7, 0.5]);
  expect(FLOATS_AT).toBe(INTS * 4);
});

it("refuses static data, which would lie at the same addresses in every module", () => {
  expect(() =>
    compiled("const numbers: StaticArray<i32> = [1, 2]; export function at(i: i32): i32 { return numbers[i]; }"),
  ).toThrow(/expected no static data/);
});
