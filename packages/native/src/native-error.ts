/** What a caller can tell apart by `code`. */
export type NativeErrorCode =
  /** Neither node:ffi nor koffi is to be had. */
  | "ffi-missing"
  /** No such file, and the loader of the system does not find it either. */
  | "library-missing"
  /** It is there and is no library, or it lacks a library that it needs itself. */
  | "library-broken"
  /** A library for another processor. */
  | "library-architecture"
  /** The library does not export it. */
  | "symbol-missing";

/** A library that cannot be used. `tried` lists every candidate with the reason why it was passed over. */
export class NativeError extends Error {
  override readonly name = "NativeError";
  readonly code: NativeErrorCode;
  readonly remedy: string;
  readonly tried: readonly Attempt[];

  constructor(
    code: NativeErrorCode,
    message: string,
    remedy: string,
    options: { cause?: unknown; tried?: readonly Attempt[] } = {},
  ) {
    super(`${message}; ${remedy}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = remedy;
    this.tried = options.tried ?? [];
  }
}

/** One candidate that was tried, and why it was not taken. */
export interface Attempt {
  library: string;
  code: NativeErrorCode;
  reason: string;
}
