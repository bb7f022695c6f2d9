import { fault } from "@cramkit/errors";
import type { RawFunction } from "./interfaces/foreign-interface.ts";
import { type NativeArgument, type NativeResult, type NativeType, type Signature, toResult } from "./native-type.ts";

/** A function of a library, ready to be called. */
export interface NativeFunction<R extends NativeType> {
  /** Calls it and waits for it. */
  (...args: NativeArgument[]): NativeResult<R>;
  /**
   * Calls it on another thread, beside JavaScript. Views that are passed stay alive until it is done; that nobody writes
   * to them meanwhile is up to the caller. The process stays alive until it is done. Under node:ffi calls run one after
   * the other, in the order in which they were made; under koffi they may run side by side.
   */
  async(...args: NativeArgument[]): Promise<NativeResult<R>>;
}

/** Wraps a function of either interface: counts the arguments, takes addresses of views, makes 64 bits a bigint. */
export const nativeFunction = <R extends NativeType>(
  name: string,
  signature: Signature<R>,
  raw: RawFunction,
  addressOf: (view: ArrayBufferView) => bigint,
): NativeFunction<R> => {
  const [result, ...parameters] = signature;
  const isWide = parameters.map((type) => type === "pointer" || type === "i64" || type === "u64");
  // In place: the array of the arguments is the call's own, and a product of a small matrix waits for this.
  const converted = (args: NativeArgument[]): (number | bigint)[] => {
    if (args.length !== parameters.length)
      throw fault({
        code: "invalid-argument",
        place: name,
        problem: `expected ${parameters.length} arguments, got ${args.length}`,
        type: TypeError,
      });
    for (let index = 0; index < args.length; index++) {
      const arg = args[index]!;
      if (typeof arg === "number") {
        if (isWide[index]) args[index] = BigInt(arg);
      } else if (typeof arg === "bigint") {
        if (!isWide[index]) args[index] = Number(arg);
      } else {
        args[index] = toAddress(arg, parameters[index]!, name, index, addressOf);
      }
    }
    return args as (number | bigint)[];
  };
  const call = (...args: NativeArgument[]): NativeResult<R> => toResult(result, raw(...converted(args)));
  const async = async (...args: NativeArgument[]): Promise<NativeResult<R>> => {
    const held = [...args];
    try {
      return toResult(result, await raw.async(converted(args)));
    } finally {
      held.length = 0; // until here the views are held, so that no collector takes what the call works on
    }
  };
  return Object.assign(call, { async });
};

const toAddress = (
  arg: ArrayBufferView | null,
  type: NativeType,
  name: string,
  index: number,
  addressOf: (view: ArrayBufferView) => bigint,
): bigint => {
  if (type === "pointer" && arg === null) return 0n;
  if (type === "pointer" && ArrayBuffer.isView(arg)) return addressOf(arg);
  const expected = type === "pointer" ? "an address, a view or null" : `a number (${type})`;
  throw fault({
    code: "invalid-argument",
    place: name,
    problem: `expected ${expected} as argument ${index + 1}, got ${describe(arg)}`,
    type: TypeError,
  });
};

const describe = (arg: unknown): string =>
  arg === null ? "null" : typeof arg === "object" ? (arg.constructor?.name ?? "an object") : typeof arg;
