import { problemOf } from "@cramkit/errors";
import { nativeFault } from "../native-fault.ts";
import type { NativeType } from "../native-type.ts";
import type { ForeignInterface, RawFunction } from "./foreign-interface.ts";

/** The part of koffi that is used. Its own types would make it a dependency of everyone who reads ours. */
interface Koffi {
  version: string;
  config(options: { async_stack_size: number }): unknown;
  load(path: string | null): KoffiLibrary;
  address(value: unknown): bigint;
}

interface KoffiLibrary {
  symbol(name: string): unknown;
  func(name: string, result: string, parameters: string[]): KoffiFunction;
}

interface KoffiFunction {
  (...args: (number | bigint)[]): unknown;
  async(...args: unknown[]): void;
}

const names: Record<NativeType, string> = {
  void: "void",
  i8: "int8_t",
  u8: "uint8_t",
  i16: "int16_t",
  u16: "uint16_t",
  i32: "int32_t",
  u32: "uint32_t",
  i64: "int64_t",
  u64: "uint64_t",
  f32: "float",
  f64: "double",
  pointer: "uintptr_t",
};

/** Loads koffi; undefined if it is not installed. `path`: its entry, for a thread that cannot resolve it. */
export const koffiInterface = (path?: string): ForeignInterface | undefined => {
  const require = process.getBuiltinModule("node:module").createRequire(path ?? import.meta.url);
  let koffiPath: string;
  let koffi: Koffi;
  try {
    koffiPath = path ?? require.resolve("koffi");
    koffi = require(koffiPath) as Koffi;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    const problem = `expected koffi to load, got "${problemOf(error)}"`;
    const remedy = "install koffi again, with its optional dependencies";
    throw nativeFault("no-interface", { place: "startNative", problem, remedy, cause: error });
  }
  try {
    // An asynchronous call runs on a stack of 128 KiB otherwise, which is too small for MPICH, for one.
    koffi.config({ async_stack_size: 8 << 20 });
  } catch {
    // Somebody has loaded a library already, and the stack stays as it is.
  }
  return {
    name: "koffi",
    version: koffi.version,
    koffiPath,
    open: (file) => {
      const library = koffi.load(file);
      return {
        symbol: (name) => {
          try {
            return koffi.address(library.symbol(name));
          } catch {
            return undefined; // koffi has one error for it, and no code
          }
        },
        func: (name, [result, ...parameters]) => {
          const call = library.func(
            name,
            names[result],
            parameters.map((type) => names[type]),
          );
          const async: RawFunction["async"] = (args) =>
            new Promise((resolve, reject) => {
              call.async(...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)));
            });
          return Object.assign((...args: (number | bigint)[]) => call(...args), { async });
        },
      };
    },
    // Of a buffer that several threads share, Node 20 only tells the address through a view.
    addressOf: (view) => koffi.address(view),
  };
};
