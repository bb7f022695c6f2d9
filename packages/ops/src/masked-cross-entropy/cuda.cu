#include "../cuda/rows.h"

/**
 * losses [rows] = log sum exp of a row of logits - that of the target; if `gradient`, the logits become softmax - onehot, which lies
 * in [-1, 1] and so is safe in half precision. A warp a row.
 */
KERNEL cross_entropy(float* logits, const int* targets, float* losses, u32 rows, u32 vocab, u32 gradient) {
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= rows) return;
  logits += (size_t)row * vocab;
  const int target = targets[row];
  float top = -INFINITE;
  for (u32 i = lane; i < vocab; i += WARP) top = m_max(top, logits[i]);
  top = warp_max(top);
  float sum = 0, picked = 0;
  for (u32 i = lane; i < vocab; i += WARP) {
    sum += m_exp(logits[i] - top);
    if ((int)i == target) picked = logits[i];
  }
  sum = warp_sum(sum);
  picked = warp_sum(picked);
  if (lane == 0) losses[row] = m_log(sum) + top - picked;
  if (!gradient) return;
  const float scale = 1 / sum;
  for (u32 i = lane; i < vocab; i += WARP) logits[i] = m_exp(logits[i] - top) * scale - ((int)i == target ? 1.0f : 0.0f);
}
REGISTER(cross_entropy)

/** y [] = scale * the sum of x [n], by one warp. */
KERNEL sum_of(const float* x, float* y, u32 n, float scale) {
  if (threadIdx.x >= WARP) return;
  float sum = 0;
  for (u32 i = threadIdx.x; i < n; i += WARP) sum += x[i];
  sum = warp_sum(sum);
  if (threadIdx.x == 0) *y = sum * scale;
}
REGISTER(sum_of)
