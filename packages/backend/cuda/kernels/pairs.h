// What a kernel on matrix units does with two neighbouring sums of a row.
#pragma once
#include "device.h"

/** Two neighbours of a row of c [.., n], which has halves. */
__device__ __forceinline__ void store_pair(u16* c, u32 n, u32 row, u32 column, float v0, float v1) {
  u16* to = c + (size_t)row * n + column;
  const u32 pair = pack_halves(v0, v1);
  if (n % 2 == 0) { *(u32*)to = pair; return; }
  to[0] = (u16)pair;
  if (column + 1 < n) to[1] = (u16)(pair >> 16);
}
/** Two neighbours of a row of c [.., n], which has floats. */
__device__ __forceinline__ void store_pair(float* c, u32 n, u32 row, u32 column, float v0, float v1, bool add) {
  float* to = c + (size_t)row * n + column;
  to[0] = v0 + (add ? to[0] : 0.0f);
  if (column + 1 < n) to[1] = v1 + (add ? to[1] : 0.0f);
}

/** How sums become a result [m, n]: scale sums (+ bias [n]) (+ c, if `add`); c has halves if `half`. */
struct Result {
  u32 m, n; const float* bias; void* c; float scale; bool add, half;
  __device__ __forceinline__ void store(u32 row, u32 column, float sum0, float sum1) const {
    if (row >= m || column >= n) return;
    const float v0 = scale * sum0 + (bias ? bias[column] : 0.0f);
    const float v1 = scale * sum1 + (bias && column + 1 < n ? bias[column + 1] : 0.0f);
    if (half) store_pair((u16*)c, n, row, column, v0, v1); else store_pair((float*)c, n, row, column, v0, v1, add);
  }
  /** Four neighbours of a row. */
  __device__ __forceinline__ void store(u32 row, u32 column, const float4& four) const {
    store(row, column, four.x, four.y);
    store(row, column + 2, four.z, four.w);
  }
};
