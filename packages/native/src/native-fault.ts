import { type Fault, type FaultCode, fault, isFault } from "@cramkit/errors";

/** Why native code cannot be called: finer than the fault's code, for whoever tries several libraries. */
export type NativeReason =
  /** Neither node:ffi nor koffi is to be had. */
  | "no-interface"
  /** No such file, and the loader of the system does not find it either. */
  | "no-library"
  /** It is there and is not a library, or it lacks a library that it needs itself. */
  | "broken-library"
  /** A library for another processor. */
  | "wrong-architecture"
  /** The library does not export it. */
  | "no-symbol";

const codes: Record<NativeReason, FaultCode> = {
  "no-interface": "unsupported",
  "no-library": "not-found",
  "broken-library": "damaged-file",
  "wrong-architecture": "unsupported",
  "no-symbol": "version-mismatch",
};

/** One candidate that was tried, and why it was not taken. */
export interface Attempt {
  library: string;
  reason: NativeReason;
  /** The message of its fault. */
  problem: string;
}

/** A fault of this package. `details.tried` lists every candidate with the reason why it was passed over. */
export interface NativeFault extends Fault {
  readonly details: { readonly reason: NativeReason; readonly tried: readonly Attempt[] };
}

interface NativeFaultParts {
  place: string;
  problem: string;
  remedy: string;
  cause?: unknown;
  tried?: readonly Attempt[];
}

export const nativeFault = (reason: NativeReason, { tried = [], ...parts }: NativeFaultParts): NativeFault =>
  fault({ ...parts, code: codes[reason], details: { reason, tried } }) as NativeFault;

/** Whether an error says why native code cannot be called. */
export const isNativeFault = (error: unknown): error is NativeFault =>
  isFault(error) && Object.hasOwn(codes, String(error.details?.reason));
