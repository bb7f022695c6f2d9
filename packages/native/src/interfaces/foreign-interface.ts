import type { Signature } from "../native-type.ts";

/** A function as an interface calls it: addresses and numbers of 64 bits are bigint. */
export interface RawFunction {
  (...args: (number | bigint)[]): unknown;
  /** Calls the function beside JavaScript, on another thread. */
  async(args: (number | bigint)[]): Promise<unknown>;
}

export interface RawLibrary {
  /** The address of a symbol, or undefined if the library does not export it. */
  symbol(name: string): bigint | undefined;
  func(name: string, signature: Signature): RawFunction;
}

/** The part that differs between node:ffi and koffi. */
export interface ForeignInterface {
  name: "node:ffi" | "koffi";
  version: string;
  /** The file to load koffi from in a thread that cannot resolve it. @defaultValue node:ffi makes the calls */
  koffiPath?: string;
  /** Null is the process itself with all that it has loaded. Throws what the loader of the system says. */
  open(path: string | null): RawLibrary;
  /** The address of a view's first byte. */
  addressOf(view: ArrayBufferView): bigint;
}
