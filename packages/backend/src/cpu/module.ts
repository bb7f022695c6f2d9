import { checkLayout } from "@cramkit/wasm-kit";
import { type Heap, isShared } from "./heap.ts";
import type { Products } from "./library/product.ts";
import { productImport } from "./library/product-import.ts";
import type { WasmSource } from "./wasm-source.ts";

export interface CompiledModule {
  /** Where its code lies in the heap, from which each worker compiles it on first use. */
  address: number;
  bytes: number;
  /** Exported kernels in the order of the export section. */
  names: string[];
  /** Whether its kernels compute products by a library. */
  callsLibrary: boolean;
  kernels: ((args: number, task: number, thread: number) => void)[];
}

// (func (result v128) i32.const 1, i8x16.splat, i32.const 2, i8x16.splat, twice; i8x16.relaxed_swizzle)
const relaxedProbe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  ...[10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
);

/** Whether this engine has relaxed SIMD, and with it the fused multiply-add. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(relaxedProbe);

/** Decodes, compiles and instantiates the build that fits the engine and the memory. */
export const compileModule = (source: WasmSource, relaxed: boolean, heap: Heap, library?: Products): CompiledModule => {
  checkLayout("cpu backend", source);
  const text = atob(relaxed ? source.relaxed : source.plain);
  const code = Uint8Array.from(text, (character) => character.charCodeAt(0));
  if (!isShared(heap.memory)) importUnshared(code);
  const module = new WebAssembly.Module(code);
  const instance = new WebAssembly.Instance(module, { env: { memory: heap.memory, product: productImport(library) } });
  const names = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === "function")
    .map(({ name }) => name);
  const address = heap.allocate(code.length);
  new Uint8Array(heap.memory.buffer, address, code.length).set(code);
  return {
    address,
    bytes: code.length,
    names,
    callsLibrary: WebAssembly.Module.imports(module).some(({ name }) => name === "product"),
    kernels: names.map((name) => instance.exports[name] as CompiledModule["kernels"][number]),
  };
};

/** Clears the shared flag of the import of env.memory: the modules hold no atomic instructions, so nothing else changes. */
const importUnshared = (code: Uint8Array): void => {
  const memoryImport = [3, ..."env"].map(byteOf).concat([6, ..."memory"].map(byteOf), 2, 3);
  const at = code.findIndex((_, i) => memoryImport.every((byte, j) => code[i + j] === byte));
  if (at < 0) throw new Error("cpu backend: expected a module that imports env.memory as shared");
  code[at + memoryImport.length - 1] = 1;
};

const byteOf = (value: number | string): number => (typeof value === "number" ? value : value.charCodeAt(0));
