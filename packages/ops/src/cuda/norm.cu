#include "rows.h"

// Norms of rows [rows, n], of a sum of two if there is a branch; a warp a row.

/**
 * sum = x + dropout(branch) (nothing is written if branch is null), mean and rstd of each row (mean 0 unless `layer`), and
 * y = (sum - mean) rstd weight (+ bias).
 */
KERNEL norm_forward(const float* x, const float* branch, const float* weight, const float* bias, float* sum, float* y, float* means,
                    float* rstds, u32 rows, u32 n, u32 layer, float epsilon, Dropout d) {
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= rows) return;
  const size_t first = (size_t)row * n;
  const float* from = branch ? sum : x;
  float total = 0;
  for (u32 i = lane; i < n; i += WARP) {
    float v = x[first + i];
    if (branch) {
      v += branch[first + i] * kept(d, row * n + i);
      sum[first + i] = v;
    }
    total += v;
  }
  const float mean = layer ? warp_sum(total) / n : 0.0f;
  float squares = 0;
  for (u32 i = lane; i < n; i += WARP) { // each lane reads what it wrote itself
    const float v = from[first + i] - mean;
    squares += v * v;
  }
  const float rstd = 1 / d_sqrt(warp_sum(squares) / n + epsilon);
  for (u32 i = lane; i < n; i += WARP) y[first + i] = (from[first + i] - mean) * rstd * weight[i] + (bias ? bias[i] : 0.0f);
  if (lane == 0) {
    if (means) means[row] = mean;
    rstds[row] = rstd;
  }
}
REGISTER(norm_forward)

/** dx = upstream (or 0) + the gradient of the norm at x; dbranch = dropout(dx), if it is not null. */
KERNEL norm_backward(const float* dy, const float* x, const float* weight, const float* means, const float* rstds, const float* upstream,
                     float* dx, float* dbranch, u32 rows, u32 n, u32 layer, Dropout d) {
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= rows) return;
  const size_t first = (size_t)row * n;
  const float mean = layer ? means[row] : 0.0f, rstd = rstds[row];
  float sum = 0, product = 0;
  for (u32 i = lane; i < n; i += WARP) {
    const float g = dy[first + i] * weight[i];
    sum += g;
    product += g * (x[first + i] - mean) * rstd;
  }
  const float of_sum = layer ? warp_sum(sum) / n : 0.0f, of_product = warp_sum(product) / n;
  for (u32 i = lane; i < n; i += WARP) {
    const float normed = (x[first + i] - mean) * rstd;
    const float value = rstd * (dy[first + i] * weight[i] - of_sum - normed * of_product) + (upstream ? upstream[first + i] : 0.0f);
    dx[first + i] = value;
    if (dbranch) dbranch[first + i] = value * kept(d, row * n + i);
  }
}
REGISTER(norm_backward)

/** Sums over `per_part` rows of dy xhat and of dy: [2, parts, n]. A thread a column and a part. */
KERNEL norm_weights(const float* dy, const float* x, const float* means, const float* rstds, float* partial, u32 total, u32 rows, u32 n,
                    u32 parts, u32 per_part, u32 layer) {
  const u32 i = global_thread();
  if (i >= total) return;
  const u32 column = i % n, first = i / n * per_part, end = first + per_part < rows ? first + per_part : rows;
  float weight = 0, bias = 0;
  for (u32 row = first; row < end; row++) {
    const size_t at = (size_t)row * n + column;
    const float d = dy[at];
    weight += d * (x[at] - (layer ? means[row] : 0.0f)) * rstds[row];
    bias += d;
  }
  partial[i] = weight;
  partial[(size_t)parts * n + i] = bias;
}
REGISTER(norm_weights)

/** dweight and dbias [n] (if it is not null), the sums of the parts that norm_weights left. */
KERNEL norm_sums(const float* partial, float* dweight, float* dbias, u32 n, u32 parts) {
  const u32 i = global_thread();
  if (i >= n) return;
  float weight = 0, bias = 0;
  for (u32 part = 0; part < parts; part++) {
    weight += partial[(size_t)part * n + i];
    if (dbias) bias += partial[(size_t)(parts + part) * n + i];
  }
  dweight[i] = weight;
  if (dbias) dbias[i] = bias;
}
REGISTER(norm_sums)

/** y [columns] = scale * the sum of x [rows, columns] over its rows, or over `per_part` of them: y [parts, columns]. */
KERNEL column_sums(const float* x, float* y, u32 total, u32 rows, u32 columns, u32 per_part, float scale) {
  const u32 i = global_thread();
  if (i >= total) return;
  const u32 column = i % columns, first = i / columns * per_part, end = first + per_part < rows ? first + per_part : rows;
  float sum = 0;
  for (u32 row = first; row < end; row++) sum += x[(size_t)row * columns + column];
  y[i] = sum * scale;
}
REGISTER(column_sums)
