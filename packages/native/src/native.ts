import { checkOptions } from "@cramkit/errors";
import type { ForeignInterface } from "./interfaces/foreign-interface.ts";
import { koffiInterface } from "./interfaces/koffi.ts";
import { nodeInterface } from "./interfaces/node-ffi.ts";
import { nativeFault } from "./native-fault.ts";
import { type NativeLibrary, type OpenOptions, openLibrary } from "./native-library.ts";
import { type NativeMemory, nativeMemory } from "./native-memory.ts";

/** Native code of this process: libraries to load, and memory by address. */
export interface Native extends NativeMemory {
  /** What makes the calls. */
  interface: "node:ffi" | "koffi";
  /** Of koffi, or of the Node that has node:ffi. */
  version: string;
  /** Where koffi was loaded from: a thread that cannot resolve it passes this to `startNative`. */
  koffiPath: string | undefined;
  /** Loads a library, or throws a `NativeFault`. Null is the process itself, with all that it has loaded. */
  open(path: string | null, options?: OpenOptions): NativeLibrary;
  /** The address of a view's first byte. It holds as long as the view's buffer lives; WebAssembly memory keeps it when it grows. */
  addressOf(view: ArrayBufferView): bigint;
}

export interface NativeOptions {
  /** Which one is used. @defaultValue node:ffi if this Node has it, else koffi */
  interface?: "node:ffi" | "koffi";
  /** The file to load koffi from. @defaultValue the one that this package resolves */
  koffiPath?: string;
}

/** Starts native calls. Nothing is loaded before. Throws a `NativeFault` with the reason `no-interface` if there is no way. */
export const startNative = (options: NativeOptions = {}): Native => {
  checkOptions("startNative", options, { interface: true, koffiPath: true });
  const { interface: wanted, koffiPath } = options;
  if (!globalThis.process?.versions?.node)
    throw nativeFault("no-interface", {
      place: "startNative",
      problem: "expected Node, got a browser",
      remedy: "run it in Node",
    });
  const builtin = (): ForeignInterface | undefined => (wanted === "koffi" ? undefined : nodeInterface());
  const installed = (): ForeignInterface | undefined => (wanted === "node:ffi" ? undefined : koffiInterface(koffiPath));
  const ffi = builtin() ?? installed();
  if (!ffi) {
    const problem = `expected ${wanted ?? "node:ffi or koffi"}, got Node ${process.versions.node} without it`;
    const remedy =
      wanted === "node:ffi" ? "use Node 26.1 or newer, or koffi" : "npm install koffi, or use Node 26.1 or newer";
    throw nativeFault("no-interface", { place: "startNative", problem, remedy });
  }
  return {
    ...nativeMemory(ffi),
    interface: ffi.name,
    version: ffi.version,
    koffiPath: ffi.koffiPath,
    open: (path, options) => openLibrary(ffi, path, options),
    addressOf: ffi.addressOf,
  };
};
