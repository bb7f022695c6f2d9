// What several kernels share: warps that take rows, sums over a warp, and the words of a dropout.
#pragma once
#include "forms.h"

__device__ __forceinline__ u32 global_thread() { return blockIdx.x * blockDim.x + threadIdx.x; }

/** The sum over the lanes of a warp, for every lane, in one order. */
__device__ __forceinline__ float warp_sum(float v) {
  for (int by = 16; by > 0; by /= 2) v += __shfl_xor_sync(0xffffffffu, v, by);
  return v;
}
__device__ __forceinline__ float warp_max(float v) {
  for (int by = 16; by > 0; by /= 2) v = m_max(v, __shfl_xor_sync(0xffffffffu, v, by));
  return v;
}

/** The sum of `v` over a block of at most 32 warps, or the largest if `largest`, for every thread; `scratch` [32] may be used again after it. */
__device__ __forceinline__ float block_reduce(float v, float* scratch, bool largest) {
  v = largest ? warp_max(v) : warp_sum(v);
  if (threadIdx.x % WARP == 0) scratch[threadIdx.x / WARP] = v;
  __syncthreads();
  float all = scratch[0];
  for (u32 i = 1; i < blockDim.x / WARP; i++) all = largest ? m_max(all, scratch[i]) : all + scratch[i];
  __syncthreads();
  return all;
}

/**
 * Whether this block is the last of its grid to get here, for every thread: then it may read, as volatile, what the others wrote before. Blocks are
 * counted by an integer, so that no result depends on their order. `counter` is 0 before a launch and after it; `scratch` is shared memory.
 */
__device__ __forceinline__ bool is_last_block(u32* counter, float* scratch) {
  fence_blocks();
  __syncthreads();
  if (threadIdx.x == 0) scratch[0] = atomic_increment(counter, gridDim.x - 1) == gridDim.x - 1 ? 1.0f : 0.0f;
  __syncthreads();
  const bool last = scratch[0] != 0;
  fence_blocks();
  __syncthreads();
  return last;
}
/** The sum of x [n] by a block, for every thread. */
__device__ __forceinline__ float block_total(const volatile float* x, u32 n, float* scratch) {
  float sum = 0;
  for (u32 i = threadIdx.x; i < n; i += blockDim.x) sum += x[i];
  return block_reduce(sum, scratch, false);
}

/** A dropout, as dropout-mask.ts has it: a threshold of 0 is none. A recorded step has its keys in memory, where a replay changes them. */
struct Dropout { const u32* keys; u32 key0, key1, threshold; float scale; };

__device__ __forceinline__ Dropout with_keys(Dropout d) {
  if (d.keys) { d.key0 = d.keys[0]; d.key1 = d.keys[1]; }
  return d;
}

__device__ __forceinline__ u32 rotated(u32 x, u32 by) { return x << by | x >> (32 - by); }

/** Word `low % 2` of block `low / 2` of the stream, Threefry-2x32 with 20 rounds on the counter (low / 2, high). */
__device__ inline u32 stream_word(const Dropout& d, u32 low, u32 high) {
  const u32 key2 = 0x1bd11bdau ^ d.key0 ^ d.key1;
  const u32 keys[5][2] = {{d.key1, key2 + 1}, {key2, d.key0 + 2}, {d.key0, d.key1 + 3}, {d.key1, key2 + 4}, {key2, d.key0 + 5}};
  constexpr u32 rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  u32 x = (low >> 1) + d.key0, y = high + d.key1;
  _Pragma("unroll") for (u32 group = 0; group < 5; group++) {
    _Pragma("unroll") for (u32 round = 0; round < 4; round++) {
      x += y;
      y = rotated(y, rotations[group % 2][round]) ^ x;
    }
    x += keys[group][0];
    y += keys[group][1];
  }
  return low & 1 ? y : x;
}

/** What to multiply element i with. */
__device__ __forceinline__ float kept(const Dropout& d, u32 i) {
  return d.threshold == 0 || stream_word(d, i, 0) >= d.threshold ? d.scale : 0.0f;
}
