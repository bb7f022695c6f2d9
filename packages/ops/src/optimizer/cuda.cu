#include "../cuda/rows.h"

// One launch for all tensors of a list. The list lies in device memory: entries of pointers and lengths, and the first block of
// each; a block takes a chunk of one tensor, which it finds by halving.
constexpr u32 LIST_CHUNK = 4096;

struct ListEntry { u64 pointers[4]; u32 n, first_block; float number; u32 unused; };

__device__ __forceinline__ const ListEntry& entry_of(const ListEntry* list, u32 count, u32 block) {
  u32 low = 0, high = count - 1;
  while (low < high) {
    const u32 middle = (low + high + 1) / 2;
    if (list[middle].first_block <= block) low = middle; else high = middle - 1;
  }
  return list[low];
}

/** What changes from step to step lies in device memory too, so that a step that was recorded reads the new one. */
struct AdamwNumbers { float learning_rate, b1, b2, epsilon, correction1, correction2; };

/** A gradScale that is 0 or not finite leaves everything as it is. Pointers: param, grad, mu, nu; number: the weight decay. */
KERNEL adamw(const ListEntry* list, u32 count, const float* grad_scale, const AdamwNumbers* numbers) {
  const float scale = *grad_scale;
  if (!(d_abs(scale) < INFINITE) || scale == 0) return;
  const ListEntry& e = entry_of(list, count, blockIdx.x);
  const AdamwNumbers a = *numbers;
  float *param = (float*)e.pointers[0], *mu = (float*)e.pointers[2], *nu = (float*)e.pointers[3];
  const float* grad = (const float*)e.pointers[1];
  const u32 first = (blockIdx.x - e.first_block) * LIST_CHUNK, end = first + LIST_CHUNK < e.n ? first + LIST_CHUNK : e.n;
  for (u32 i = first + threadIdx.x; i < end; i += blockDim.x) {
    const float g = grad[i] * scale, m = a.b1 * mu[i] + (1 - a.b1) * g, v = a.b2 * nu[i] + (1 - a.b2) * g * g;
    mu[i] = m;
    nu[i] = v;
    param[i] -= a.learning_rate * (m / a.correction1 / (d_sqrt(v / a.correction2) + a.epsilon) + e.number * param[i]);
  }
}
REGISTER(adamw)

/** sum += scale grad; pointers: sum, grad. */
KERNEL accumulate(const ListEntry* list, u32 count, float scale) {
  const ListEntry& e = entry_of(list, count, blockIdx.x);
  float* sum = (float*)e.pointers[0];
  const float* grad = (const float*)e.pointers[1];
  const u32 first = (blockIdx.x - e.first_block) * LIST_CHUNK, end = first + LIST_CHUNK < e.n ? first + LIST_CHUNK : e.n;
  for (u32 i = first + threadIdx.x; i < end; i += blockDim.x) sum[i] += scale * grad[i];
}
REGISTER(accumulate)

/** partial [blocks] = the sums of the squares of the chunks. One warp a block. */
KERNEL square_sums(const ListEntry* list, u32 count, float* partial) {
  const ListEntry& e = entry_of(list, count, blockIdx.x);
  const float* x = (const float*)e.pointers[0];
  const u32 first = (blockIdx.x - e.first_block) * LIST_CHUNK, end = first + LIST_CHUNK < e.n ? first + LIST_CHUNK : e.n;
  float sum = 0;
  for (u32 i = first + threadIdx.x; i < end; i += WARP) sum += x[i] * x[i];
  sum = warp_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}
REGISTER(square_sums)

/** norm [] = the square root of the sum of partial [n]. One warp. */
KERNEL norm_of(const float* partial, float* norm, u32 n) {
  float sum = 0;
  for (u32 i = threadIdx.x; i < n; i += WARP) sum += partial[i];
  sum = warp_sum(sum);
  if (threadIdx.x == 0) *norm = d_sqrt(sum);
}
REGISTER(norm_of)
