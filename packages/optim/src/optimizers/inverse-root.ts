import {
  abs,
  add,
  div,
  eye,
  less,
  matMul,
  max,
  maximum,
  mul,
  pow,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
  where,
} from "@tensorflow/tfjs-core";

const usualIterations = 40;

/** Floating-point operations of the matrix products of {@link inverseRoot}: X T, T^p and its product with M. */
export const rootProducts = (n: number, power: 2 | 4): number => usualIterations * (power === 4 ? 4 : 3) * 2 * n ** 3;

/**
 * `(a + ridge ||a|| I)^(-1 / power)` of a symmetric positive semidefinite matrix `a: [n, n]` -> `[n, n]`, for powers 2 and 4,
 * by the coupled Newton iteration (Guo and Higham, 2006): `T = ((p + 1) I - M) / p, X = X T, M = T^p M`, which takes M to I.
 * Matrix products only. Nothing is read back, so the number of iterations is fixed, and each keeps what was best before it.
 */
export const inverseRoot = (a: Tensor, power: 2 | 4, ridge: number, iterations = usualIterations): Tensor =>
  tidy(() => {
    const n = a.shape[0]!;
    const identity = eye(n);
    // The Frobenius norm bounds the largest eigenvalue from above. Elements are brought to 1 first: squares of squares of
    // gradients leave the range of float32. Floors keep a matrix of zeros finite.
    const top = maximum(max(abs(a)), 1e-30);
    const unit = div(a, top);
    const bound = maximum(sqrt(sum(square(unit))), 1);
    const scaled = add(div(unit, bound), mul(identity, ridge));
    const z = (1 + power) / (2 * (1 + ridge));
    let m = mul(scaled, z);
    let x: Tensor = mul(identity, z ** (1 / power));
    let error: Tensor = errorOf(m, identity);
    for (let i = 0; i < iterations; i++) {
      [x, m, error] = tidy(() => {
        const t = div(sub(mul(identity, power + 1), m), power);
        const t2 = matMul(t, t);
        const nextM = matMul(power === 4 ? matMul(t2, t2) : t2, m);
        const nextX = matMul(x, t);
        const nextError = errorOf(nextM, identity);
        // Far from the end the largest error may stand still for a while; only near it does a rise mean rounding.
        const better = less(nextError, where(less(error, 0.1), error, scalar(Infinity)));
        return [where(better, nextX, x), where(better, nextM, m), where(better, nextError, error)];
      });
    }
    return mul(x, div(1, pow(mul(top, bound), 1 / power)));
  });

const errorOf = (m: Tensor, identity: Tensor): Tensor => max(abs(sub(m, identity)));
