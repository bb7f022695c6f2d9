/**
 * WGSL of the activations on the alias `T` (`f32` or a vector of it). erf after Abramowitz and Stegun 7.1.26, absolute error
 * 1.5e-7, float32's own resolution near 1. Exponents are clamped: WGSL leaves infinities to the implementation.
 */
const erf = `fn erfOf(x: T) -> T {
  let z = abs(x);
  let t = T(1.0) / (T(1.0) + 0.3275911 * z);
  let p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return sign(x) * (T(1.0) - p * exp(-min(z * z, T(80.0))));
}`;
const sigmoid = "fn sigmoidOf(x: T) -> T { return T(1.0) / (T(1.0) + exp(-clamp(x, T(-80.0), T(80.0)))); }";
const softplusTanh = `fn softplusTanh(x: T) -> T {
  let e = exp(min(x, T(20.0)));
  let s = e * (e + 2.0);
  return s / (s + 2.0);
}`;

export interface Activation {
  /** Declares `value(x: T) -> T` and `derivative(x: T) -> T`. */
  wgsl: string;
}

/** `value` and `derivative` of the exact GELU. */
export const geluWgsl = `${erf}
fn value(x: T) -> T { return 0.5 * x * (1.0 + erfOf(x * 0.70710678)); }
fn derivative(x: T) -> T {
  return 0.5 * (1.0 + erfOf(x * 0.70710678)) + x * 0.39894228 * exp(-min(0.5 * x * x, T(80.0)));
}`;

export const activations: Readonly<Record<string, Activation>> = {
  gelu: { wgsl: geluWgsl },
  relu: {
    wgsl: `fn value(x: T) -> T { return max(x, T(0.0)); }
fn derivative(x: T) -> T { return select(T(0.0), T(1.0), x > T(0.0)); }`,
  },
  silu: {
    wgsl: `${sigmoid}
fn value(x: T) -> T { return x * sigmoidOf(x); }
fn derivative(x: T) -> T {
  let s = sigmoidOf(x);
  return s + x * s * (1.0 - s);
}`,
  },
  // tanh(log(1 + e^x)) = e^x (e^x + 2) / (e^x (e^x + 2) + 2)
  mish: {
    wgsl: `${sigmoid}
${softplusTanh}
fn value(x: T) -> T { return x * softplusTanh(x); }
fn derivative(x: T) -> T {
  let t = softplusTanh(x);
  return t + x * (1.0 - t * t) * sigmoidOf(x);
}`,
  },
};
