import { fault } from "@cramkit/errors";
import type { ForeignInterface } from "./interfaces/foreign-interface.ts";
import { nativeFunction } from "./native-function.ts";
import type { NativeType, Signature } from "./native-type.ts";

/** The memory of the process by address. An invalid address ends the process; only the null pointer is caught. */
export interface NativeMemory {
  /** Fills a view with the bytes that lie at an address, and returns it. */
  read<V extends ArrayBufferView>(address: number | bigint, into: V): V;
  /** Copies the bytes of a view to an address. */
  write(address: number | bigint, from: ArrayBufferView): void;
  /** The text at an address up to its zero byte, as UTF-8. */
  text(address: number | bigint): string;
  /** The file of the library that holds an address, or undefined if the system cannot tell. */
  fileAt(address: bigint): string | undefined;
}

export const nativeMemory = (ffi: ForeignInterface): NativeMemory => {
  // On Windows the process exports nothing of the C library.
  const isWindows = process.platform === "win32";
  const system = ffi.open(isWindows ? "ucrtbase.dll" : null);
  const func = <R extends NativeType>(name: string, ...signature: Signature<R>) =>
    nativeFunction<R>(name, signature, system.func(name, signature), ffi.addressOf);
  const move = func("memmove", "pointer", "pointer", "pointer", "u64");
  const lengthOf = func("strlen", "u64", "pointer");
  const memory: NativeMemory = {
    read: (address, into) => {
      move(into, checked("read", address), into.byteLength);
      return into;
    },
    write: (address, from) => void move(checked("write", address), from, from.byteLength),
    text: (address) => {
      const bytes = memory.read(address, new Uint8Array(Number(lengthOf(checked("text", address)))));
      return new TextDecoder().decode(bytes);
    },
    fileAt: (address) => {
      if (isWindows || system.symbol("dladdr") === undefined) return undefined;
      // struct { const char *file; void *base; const char *symbol; void *address; }
      const info = new BigUint64Array(4);
      const found = func("dladdr", "i32", "pointer", "pointer")(address, info);
      return found === 0 || !info[0] ? undefined : memory.text(info[0]);
    },
  };
  return memory;
};

const checked = (name: string, address: number | bigint): bigint => {
  if (BigInt(address) === 0n)
    throw fault({
      code: "invalid-argument",
      place: name,
      problem: "expected an address, got the null pointer",
      type: RangeError,
    });
  return BigInt(address);
};
