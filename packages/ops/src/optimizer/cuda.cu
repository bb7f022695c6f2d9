#include "../cuda/rows.h"
#include "lists.h"

// One launch for all tensors of a list; a block takes a chunk of one tensor.
constexpr u32 LIST_CHUNK = 4096;

struct ListEntry { u64 pointers[5]; u32 n, first_block; float number; u32 unused; };

/** Calls f(i, width) for the elements of a block's chunk, four at a time where there are as many. */
template <class F> __device__ __forceinline__ void each_of_chunk(const ListEntry& e, F f) {
  const u32 first = (blockIdx.x - e.first_block) * LIST_CHUNK, end = first + LIST_CHUNK < e.n ? first + LIST_CHUNK : e.n;
  for (u32 i = first + threadIdx.x * 4; i < end; i += blockDim.x * 4) {
    if (i + 4 <= end) f.template operator()<4>(i);
    else for (u32 k = i; k < end; k++) f.template operator()<1>(k);
  }
}

/** What changes from step to step lies in device memory too, so that a step that was recorded reads the new one. */
struct AdamwNumbers { float learning_rate, b1, b2, epsilon, correction1, correction2; };

struct Adamw {
  float *param, *mu, *nu; const float* grad; u16* halves; float scale, decay; AdamwNumbers a;
  template <u32 W> __device__ __forceinline__ void operator()(u32 i) const {
    float p[W], g[W], m[W], v[W];
    load(p, param, i, false);
    load(g, grad, i, false);
    load(m, mu, i, false);
    load(v, nu, i, false);
    _Pragma("unroll") for (u32 e = 0; e < W; e++) {
      const float scaled = g[e] * scale;
      m[e] = a.b1 * m[e] + (1 - a.b1) * scaled;
      v[e] = a.b2 * v[e] + (1 - a.b2) * scaled * scaled;
      p[e] -= a.learning_rate * (m[e] / a.correction1 / (d_sqrt(v[e] / a.correction2) + a.epsilon) + decay * p[e]);
    }
    store(mu, i, m, false);
    store(nu, i, v, false);
    store(param, i, p, false);
    if (halves) store(halves, i, p, true);
  }
};

/**
 * A gradScale that is 0 or not finite leaves everything as it is. Pointers: param, grad, mu, nu, and the halves of param, or null; number: the
 * weight decay.
 */
KERNEL adamw(const ListEntry* list, u32 count, const float* grad_scale, const AdamwNumbers* numbers) {
  const float scale = *grad_scale;
  if (!(d_abs(scale) < INFINITE) || scale == 0) return;
  const ListEntry& e = entry_of(list, count, blockIdx.x);
  each_of_chunk(e, Adamw{(float*)e.pointers[0], (float*)e.pointers[2], (float*)e.pointers[3], (const float*)e.pointers[1], (u16*)e.pointers[4], scale, e.number, *numbers});
}
REGISTER(adamw)

struct Accumulate {
  float* sum; const float* grad; float scale;
  template <u32 W> __device__ __forceinline__ void operator()(u32 i) const {
    float s[W], g[W];
    load(s, sum, i, false);
    load(g, grad, i, false);
    _Pragma("unroll") for (u32 e = 0; e < W; e++) s[e] += scale * g[e];
    store(sum, i, s, false);
  }
};

/** sum += scale grad; pointers: sum, grad. */
KERNEL accumulate(const ListEntry* list, u32 count, float scale) {
  const ListEntry& e = entry_of(list, count, blockIdx.x);
  each_of_chunk(e, Accumulate{(float*)e.pointers[0], (const float*)e.pointers[1], scale});
}
REGISTER(accumulate)

/** The sum of the squares of all tensors of a list, for the threads of one block, which is the last; false for the others. One block a chunk. */
__device__ __forceinline__ bool squares_of(const ListEntry* list, u32 count, float* partial, u32* counter, float* scratch, float& total) {
  const ListEntry& e = entry_of(list, count, blockIdx.x);
  const float* x = (const float*)e.pointers[0];
  const u32 first = (blockIdx.x - e.first_block) * LIST_CHUNK, end = first + LIST_CHUNK < e.n ? first + LIST_CHUNK : e.n;
  float sum = 0;
  for (u32 i = first + threadIdx.x; i < end; i += blockDim.x) sum += x[i] * x[i];
  sum = block_reduce(sum, scratch, false);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
  if (!is_last_block(counter, scratch)) return false;
  total = block_total(partial, gridDim.x, scratch);
  return true;
}

/** norm [] of all tensors of a list. `partial` [blocks]. */
KERNEL global_norm(const ListEntry* list, u32 count, float* partial, u32* counter, float* norm) {
  SHARED_BYTES(shared);
  float total;
  if (squares_of(list, count, partial, counter, (float*)shared, total) && threadIdx.x == 0) *norm = d_sqrt(total);
}
REGISTER(global_norm)

/**
 * What clipping needs: norm = that of all tensors times grad_scale (if it is not null), factor = min(1, max_norm / (norm + 1e-6)) grad_scale, and
 * how many steps had a norm that is not finite, all in all and in a row.
 */
KERNEL clip(const ListEntry* list, u32 count, float* partial, u32* counter, const float* grad_scale, const float* skipped, const float* in_a_row, float* norm,
            float* factor, float* skipped_now, float* in_a_row_now, float max_norm) {
  SHARED_BYTES(shared);
  float total;
  if (!squares_of(list, count, partial, counter, (float*)shared, total) || threadIdx.x != 0) return;
  const float scale = grad_scale ? *grad_scale : 1.0f, scaled = d_sqrt(total) * scale, ratio = max_norm / (scaled + 1e-6f);
  const bool finite = d_abs(scaled) < INFINITE;
  *norm = scaled;
  *factor = (ratio > 1 ? 1.0f : ratio) * scale; // NaN stays
  *skipped_now = *skipped + (finite ? 0.0f : 1.0f);
  *in_a_row_now = finite ? 0.0f : *in_a_row + 1;
}
REGISTER(clip)
