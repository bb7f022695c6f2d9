/** The types of C that a function takes and returns. `pointer` is an address; `size_t` is `u64`, `int` is `i32`. */
export type NativeType =
  | "void"
  | "i8"
  | "u8"
  | "i16"
  | "u16"
  | "i32"
  | "u32"
  | "i64"
  | "u64"
  | "f32"
  | "f64"
  | "pointer";

/**
 * What a call takes. Numbers of 64 bits and addresses may be given as number or bigint. For `pointer`, a view stands for
 * the address of its first byte, nothing is copied, and null is the null pointer.
 */
export type NativeArgument = number | bigint | ArrayBufferView | null;

/** What a call gives back: numbers of 64 bits and addresses as bigint, the rest as number. */
export type NativeResult<R extends NativeType> = R extends "void"
  ? undefined
  : R extends "i64" | "u64" | "pointer"
    ? bigint
    : number;

/** A function of a library. The result comes first: `["f64", "f64", "f64"]` is `double f(double, double)`. */
export type Signature<R extends NativeType = NativeType> = readonly [result: R, ...parameters: NativeType[]];

/** Converts the result of either interface. */
export const toResult = <R extends NativeType>(type: R, value: unknown): NativeResult<R> => {
  if (type === "void") return undefined as NativeResult<R>;
  const isWide = type === "i64" || type === "u64" || type === "pointer";
  return (isWide ? BigInt(value as number | bigint) : value) as NativeResult<R>;
};
