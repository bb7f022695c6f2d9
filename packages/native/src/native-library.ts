import { explainFailure } from "./explain-failure.ts";
import type { ForeignInterface, RawLibrary } from "./interfaces/foreign-interface.ts";
import { loadForGood } from "./loaded-for-good.ts";
import { nativeFault } from "./native-fault.ts";
import { type NativeFunction, nativeFunction } from "./native-function.ts";
import type { NativeType, Signature } from "./native-type.ts";

/** A library that is loaded. It stays loaded until the process ends. */
export interface NativeLibrary {
  /** As it was asked for: a path, or a name that the system's loader finds; for the process itself its own file. */
  path: string;
  has(symbol: string): boolean;
  /** The address of a function or of data. Throws a `NativeFault` with the reason `no-symbol`. */
  symbol(name: string): bigint;
  /**
   * A function, by its C signature with the result first. Nobody checks that the signature is right; a wrong one can
   * end the process. Throws a `NativeFault` with the reason `no-symbol`.
   */
  func<R extends NativeType>(name: string, signature: Signature<R>): NativeFunction<R>;
}

export interface OpenOptions {
  /** Whether libraries that are loaded later see its symbols. @defaultValue false */
  global?: boolean;
}

/** Loads a library, or throws a `NativeFault` that says which of the reasons it is. */
export const openLibrary = (
  ffi: ForeignInterface,
  file: string | null,
  { global = false }: OpenOptions = {},
): NativeLibrary => {
  const path = file ?? process.execPath;
  let raw: RawLibrary;
  try {
    if (file !== null) loadForGood(ffi, file, global);
    raw = ffi.open(file);
  } catch (error) {
    throw explainFailure(path, error);
  }
  const symbol = (name: string): bigint => {
    const address = raw.symbol(name);
    if (address !== undefined) return address;
    const remedy = "use a library, or a version of it, that has the symbol";
    const problem = `expected the symbol ${name}, got a library without it`;
    throw nativeFault("no-symbol", { place: path, problem, remedy });
  };
  return {
    path,
    has: (name) => raw.symbol(name) !== undefined,
    symbol,
    func: (name, signature) => {
      symbol(name);
      return nativeFunction(name, signature, raw.func(name, signature), ffi.addressOf);
    },
  };
};
