// Elementwise kernels, from tables: a row is an operation of tfjs-core under its name there. What the rows make is registered
// from the list of kernels that the compiler found (src/cuda/kernels/elementwise.ts), so a new row is all that a new one takes.
#pragma once
#include "functions.h"

/** At most so many axes once neighbours that lie next to each other in all operands are taken together. */
constexpr int MAX_AXES = 6;

/** How the elements of two operands lie to those of the result: strides in elements, 0 along a broadcast axis. */
struct Broadcast {
  int rank;
  u32 lengths[MAX_AXES];
  u32 a[MAX_AXES];
  u32 b[MAX_AXES];
};
struct Places { u32 a, b; };

__device__ __forceinline__ Places places_of(const Broadcast& axes, u32 index) {
  if (axes.rank <= 1) return {index * axes.a[0], index * axes.b[0]};
  Places at = {0, 0};
  _Pragma("unroll") for (int axis = MAX_AXES - 1; axis >= 0; axis--) {
    if (axis >= axes.rank) continue;
    const u32 rest = index / axes.lengths[axis], here = index - rest * axes.lengths[axis];
    at.a += here * axes.a[axis];
    at.b += here * axes.b[axis];
    index = rest;
  }
  return at;
}

__device__ __forceinline__ u32 global_index() { return blockIdx.x * blockDim.x + threadIdx.x; }

/** y[i] = f(x[i]); p and q are what the operation's attributes say. */
#define UNARY_KERNEL(name, suffix, In, Out, value)                                              \
  KERNEL Unary_##name##_##suffix(const In* xs, Out* ys, u32 n, float p, float q) {              \
    const u32 i = global_index();                                                               \
    if (i >= n) return;                                                                         \
    const In x = xs[i];                                                                         \
    (void)p; (void)q;                                                                           \
    ys[i] = (Out)(value);                                                                       \
  }                                                                                             \
  REGISTER(Unary_##name##_##suffix)

/** y[i] = f(a, b), broadcast. */
#define BINARY_KERNEL(name, suffix, In, Out, value)                                             \
  KERNEL Binary_##name##_##suffix(const In* as, const In* bs, Out* ys, u32 n, Broadcast axes) { \
    const u32 i = global_index();                                                               \
    if (i >= n) return;                                                                         \
    const Places at = places_of(axes, i);                                                       \
    const In a = as[at.a], b = bs[at.b];                                                        \
    ys[i] = (Out)(value);                                                                       \
  }                                                                                             \
  REGISTER(Binary_##name##_##suffix)

// Suffixes name the operands: f float32, i int32, b bool. A bool is 0 or 1 in an int of the device.
#define UNARY_F(name, value) UNARY_KERNEL(name, f, float, float, value)
#define UNARY_I(name, value) UNARY_KERNEL(name, i, int, int, value)
#define UNARY_FI(name, value) UNARY_F(name, value) UNARY_I(name, value)
#define TEST_F(name, value) UNARY_KERNEL(name, fb, float, int, value)
#define BINARY_F(name, value) BINARY_KERNEL(name, f, float, float, value)
#define BINARY_FI(name, value) BINARY_F(name, value) BINARY_KERNEL(name, i, int, int, value)
#define COMPARE(name, value) BINARY_KERNEL(name, fb, float, int, value) BINARY_KERNEL(name, ib, int, int, value)
