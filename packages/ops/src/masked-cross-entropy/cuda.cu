#include "../cuda/rows.h"

/**
 * losses [rows] = log sum exp of a row of logits - that of the target; d [rows, vocab], if it is not null, = softmax - onehot, which lies in
 * [-1, 1] and so is safe in half precision. It has halves if `half`, or may be the logits themselves. A block a row; if `mean` is not null, the
 * last one of them writes the mean of all losses there, of which these rows' are the last.
 */
struct Losses { float *losses, *mean; u32* counter; u32 count; };
template <u32 W> __device__ __forceinline__ void cross_entropy(float* scratch, const float* logits, const int* targets, const Losses& to, u32 first_row, void* d, u32 vocab, u32 half) {
  const u32 row = blockIdx.x;
  const size_t first = (size_t)row * vocab;
  const int target = targets[row];
  // A maximum and a sum relative to it, so that the first pass reads a row once.
  float top = -INFINITE, sum = 0, picked = 0;
  for (u32 i = threadIdx.x * W; i < vocab; i += blockDim.x * W) {
    float v[W], next = top;
    load(v, logits, first + i, false);
    _Pragma("unroll") for (u32 e = 0; e < W; e++) next = m_max(next, v[e]);
    if (next == -INFINITE) continue;
    sum *= top == -INFINITE ? 0.0f : m_exp(top - next);
    top = next;
    _Pragma("unroll") for (u32 e = 0; e < W; e++) {
      sum += m_exp(v[e] - top);
      if ((int)(i + e) == target) picked = v[e];
    }
  }
  const float largest = block_reduce(top, scratch, true);
  sum = block_reduce(top == -INFINITE ? 0.0f : sum * m_exp(top - largest), scratch, false);
  picked = block_reduce(picked, scratch, false);
  if (threadIdx.x == 0) to.losses[first_row + row] = m_log(sum) + largest - picked;
  const float scale = 1 / sum;
  for (u32 i = threadIdx.x * W; d && i < vocab; i += blockDim.x * W) {
    float v[W];
    load(v, logits, first + i, false);
    _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] = m_exp(v[e] - largest) * scale - ((int)(i + e) == target ? 1.0f : 0.0f);
    store(d, first + i, v, half);
  }
  if (!to.mean || !is_last_block(to.counter, scratch)) return;
  const float total = block_total(to.losses, to.count, scratch);
  if (threadIdx.x == 0) *to.mean = total / to.count;
}
#define CROSS_ENTROPY(W)                                                                                                                 \
  KERNEL __launch_bounds__(256) cross_entropy_##W(const float* logits, const int* targets, float* losses, float* mean, u32* counter, u32 count,  \
                                                  u32 first_row, void* d, u32 vocab, u32 half) {                                         \
    SHARED_BYTES(shared);                                                                                                                \
    cross_entropy<W>((float*)shared, logits, targets, Losses{losses, mean, counter, count}, first_row, d, vocab, half);                  \
  }                                                                                                                                      \
  REGISTER(cross_entropy_##W)
CROSS_ENTROPY(1)
CROSS_ENTROPY(4)

/** y = factor x. `halves`: bit 0 x, bit 1 y. */
template <u32 W> __device__ __forceinline__ void scale_by(const void* x, const float* factor, void* y, u32 n, u32 halves) {
  const u32 i = global_thread() * W;
  if (i >= n) return;
  float v[W];
  load(v, x, i, halves & 1);
  _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] *= *factor;
  store(y, i, v, halves & 2);
}
OF_WIDTHS(scale_by, (const void* x, const float* factor, void* y, u32 n, u32 halves), (x, factor, y, n, halves))
