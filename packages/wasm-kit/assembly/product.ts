import { gemm } from "./gemm";

/**
 * c [m, n] = or += op(a) op(b) by the library that the backend computes products with, on this thread. Matrices are
 * row-major with rows `ld` elements apart: a is [m, k] or, transposed, [k, m]; b is [k, n] or, transposed, [n, k].
 * A backend without a library has a function here that throws.
 */
// @ts-ignore: decorator
@external("env", "product")
declare function product(
  transposeA: bool, transposeB: bool, m: i32, n: i32, k: i32,
  a: usize, lda: i32, b: usize, ldb: i32, accumulate: bool, c: usize, ldc: i32,
): void;

/** `gemm` by the library or, if there is none, as it is here. The operands' strides are in bytes, one of two is 4. */
export function multiply(
  library: bool, m: i32, n: i32, k: i32,
  a: usize, acrossA: usize, alongA: usize,
  b: usize, acrossB: usize, alongB: usize,
  c: usize, ldc: usize, scratch: usize,
): void {
  if (library) {
    const transposeA = alongA != 4, transposeB = alongB == 4;
    const lda = <i32>((transposeA ? alongA : acrossA) >> 2), ldb = <i32>((transposeB ? acrossB : alongB) >> 2);
    product(transposeA, transposeB, m, n, k, a, lda, b, ldb, false, c, <i32>(ldc >> 2));
  } else {
    gemm(m, n, k, a, acrossA, alongA, b, acrossB, alongB, c, ldc, false, scratch);
  }
}
