// The activations of GELU and of the gated units, with their derivatives.
#pragma once
#include "functions.h"

__device__ inline float gelu_of(float x) { return 0.5f * x * (1 + m_erf(0.70710678118654752440f * x)); }
/** 1/2 + erf(x / sqrt 2) / 2 + x e^(-x^2 / 2) / sqrt(2 pi). */
__device__ inline float gelu_slope(float x) { return 0.5f * (1 + m_erf(0.70710678118654752440f * x)) + 0.3989422804014327f * x * m_exp(-0.5f * x * x); }

/** 0 gelu, 1 relu, 2 silu, 3 mish: the order of gluActivations. */
__device__ inline float activation_of(u32 kind, float g) {
  if (kind == 0) return gelu_of(g);
  if (kind == 1) return m_max(g, 0.0f);
  if (kind == 2) return g * m_sigmoid(g);
  return g * m_tanh(m_softplus(g));
}
__device__ inline float activation_slope(u32 kind, float g) {
  if (kind == 0) return gelu_slope(g);
  if (kind == 1) return g > 0 ? 1.0f : 0.0f;
  const float s = m_sigmoid(g);
  if (kind == 2) return s + g * s * (1 - s);
  const float t = m_tanh(m_softplus(g));
  return t + g * (1 - t * t) * s;
}
