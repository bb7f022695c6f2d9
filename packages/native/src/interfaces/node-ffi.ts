import type { NativeType } from "../native-type.ts";
import { callInWorker } from "./call-in-worker.ts";
import type { ForeignInterface, RawFunction } from "./foreign-interface.ts";

/** The part of node:ffi (Node 26.1) that is used. */
export interface NodeFfi {
  DynamicLibrary: new (
    path: string | null,
  ) => {
    getSymbol(name: string): bigint;
    getFunction(name: string, signature: { return: string; arguments: string[] }): (...args: unknown[]) => unknown;
  };
  getRawPointer(view: ArrayBufferView): bigint;
}

const names: Record<NativeType, string> = {
  void: "void",
  i8: "int8",
  u8: "uint8",
  i16: "int16",
  u16: "uint16",
  i32: "int32",
  u32: "uint32",
  i64: "int64",
  u64: "uint64",
  f32: "float32",
  f64: "float64",
  pointer: "pointer",
};

/** The interface that Node has built in since 26.1, or undefined in an older Node or one built without it. */
export const nodeInterface = (): ForeignInterface | undefined => {
  const ffi = (process.getBuiltinModule as (id: string) => unknown)("node:ffi") as NodeFfi | undefined;
  if (!ffi) return undefined;
  return {
    name: "node:ffi",
    version: process.version,
    open: (path) => {
      const library = new ffi.DynamicLibrary(path);
      return {
        symbol: (name) => {
          try {
            return library.getSymbol(name);
          } catch {
            return undefined; // one error for all that can go wrong here
          }
        },
        func: (name, [result, ...parameters]) => {
          const signature = { return: names[result], arguments: parameters.map((type) => names[type]) };
          const call = library.getFunction(name, signature);
          const async: RawFunction["async"] = (args) => callInWorker({ path, name, signature, args });
          return Object.assign((...args: (number | bigint)[]) => call(...args), { async });
        },
      };
    },
    addressOf: (view) => ffi.getRawPointer(view),
  };
};
