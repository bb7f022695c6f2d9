#include "lists.h"
#include "rows.h"

// Norms of rows [rows, n], of a sum of two if there is a branch; a warp a row.

/**
 * sum = x + dropout(branch) (nothing is written if branch is null), mean and rstd of each row (mean 0 unless `layer`), and
 * y = (sum - mean) rstd weight (+ bias). `halves`: bit 0 x, bit 1 branch, bit 2 y; the sum is float32.
 */
template <u32 W> __device__ __forceinline__ void norm_forward(const void* x, const void* branch, const float* weight, const float* bias, float* sum, void* y,
                                                              float* means, float* rstds, u32 rows, u32 n, u32 layer, float epsilon, u32 halves, const Dropout& d) {
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= rows) return;
  const size_t first = (size_t)row * n;
  const void* from = branch ? sum : x;
  const bool from_halves = !branch && (halves & 1);
  float total = 0;
  for (u32 i = lane * W; i < n; i += WARP * W) {
    float v[W];
    load(v, x, first + i, halves & 1);
    if (branch) {
      float b[W];
      load(b, branch, first + i, halves & 2);
      _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] += b[e] * kept(d, row * n + i + e);
      store(sum, first + i, v, false);
    }
    _Pragma("unroll") for (u32 e = 0; e < W; e++) total += v[e];
  }
  const float mean = layer ? warp_sum(total) / n : 0.0f;
  float squares = 0;
  for (u32 i = lane * W; i < n; i += WARP * W) { // each lane reads what it wrote itself
    float v[W];
    load(v, from, first + i, from_halves);
    _Pragma("unroll") for (u32 e = 0; e < W; e++) squares += (v[e] - mean) * (v[e] - mean);
  }
  const float rstd = 1 / d_sqrt(warp_sum(squares) / n + epsilon);
  for (u32 i = lane * W; i < n; i += WARP * W) {
    float v[W], w[W], b[W] = {};
    load(v, from, first + i, from_halves);
    load(w, weight, i, false);
    if (bias) load(b, bias, i, false);
    _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] = (v[e] - mean) * rstd * w[e] + b[e];
    store(y, first + i, v, halves & 4);
  }
  if (lane == 0) {
    if (means) means[row] = mean;
    rstds[row] = rstd;
  }
}
OF_WIDTHS(norm_forward,
          (const void* x, const void* branch, const float* weight, const float* bias, float* sum, void* y, float* means, float* rstds, u32 rows, u32 n, u32 layer,
           float epsilon, u32 halves, Dropout d),
          (x, branch, weight, bias, sum, y, means, rstds, rows, n, layer, epsilon, halves, with_keys(d)))

/** Where the gradient of a norm goes: dx, dropout(dx), and parts of the sums for weight and bias. */
struct NormGradient { void *dx, *dbranch; float* partial; };

/**
 * dx = upstream (or 0) + the gradient of the norm at x; dbranch = dropout(dx), if it is not null. A block takes `per_part` rows: its warps a
 * row each in turn, then its threads W columns each, for partial [2, parts, n]: the sums over these rows of dy xhat and of dy. `halves`:
 * bit 0 dy, bit 1 x, bit 2 upstream, bit 3 dbranch, bit 4 dx.
 */
template <u32 W> __device__ __forceinline__ void norm_backward(const void* dy, const void* x, const float* weight, const float* means, const float* rstds,
                                                               const void* upstream, const NormGradient& to, u32 rows, u32 n, u32 per_part, u32 layer, u32 halves, const Dropout& d) {
  const u32 start = blockIdx.x * per_part, end = start + per_part < rows ? start + per_part : rows, lane = threadIdx.x % WARP;
  for (u32 row = start + threadIdx.x / WARP; row < end; row += blockDim.x / WARP) {
    const size_t first = (size_t)row * n;
    const float mean = layer ? means[row] : 0.0f, rstd = rstds[row];
    float sum = 0, product = 0;
    for (u32 i = lane * W; i < n; i += WARP * W) {
      float g[W], v[W], w[W];
      load(g, dy, first + i, halves & 1);
      load(v, x, first + i, halves & 2);
      load(w, weight, i, false);
      _Pragma("unroll") for (u32 e = 0; e < W; e++) {
        sum += g[e] * w[e];
        product += g[e] * w[e] * (v[e] - mean) * rstd;
      }
    }
    const float of_sum = layer ? warp_sum(sum) / n : 0.0f, of_product = warp_sum(product) / n;
    for (u32 i = lane * W; i < n; i += WARP * W) {
      float g[W], v[W], w[W], up[W] = {};
      load(g, dy, first + i, halves & 1);
      load(v, x, first + i, halves & 2);
      load(w, weight, i, false);
      if (upstream) load(up, upstream, first + i, halves & 4);
      _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] = rstd * (g[e] * w[e] - of_sum - (v[e] - mean) * rstd * of_product) + up[e];
      store(to.dx, first + i, v, halves & 16);
      if (to.dbranch) {
        _Pragma("unroll") for (u32 e = 0; e < W; e++) v[e] *= kept(d, row * n + i + e);
        store(to.dbranch, first + i, v, halves & 8);
      }
    }
  }
  const u32 parts = gridDim.x;
  for (u32 i = threadIdx.x * W; i < n; i += blockDim.x * W) {
    float of_weight[W] = {}, of_bias[W] = {};
    for (u32 row = start; row < end; row++) {
      const float mean = layer ? means[row] : 0.0f, rstd = rstds[row];
      float g[W], v[W];
      load(g, dy, (size_t)row * n + i, halves & 1);
      load(v, x, (size_t)row * n + i, halves & 2);
      _Pragma("unroll") for (u32 e = 0; e < W; e++) {
        of_weight[e] += g[e] * (v[e] - mean) * rstd;
        of_bias[e] += g[e];
      }
    }
    store(to.partial, (size_t)blockIdx.x * n + i, of_weight, false);
    if (layer) store(to.partial, (size_t)(parts + blockIdx.x) * n + i, of_bias, false);
  }
}
OF_WIDTHS(norm_backward,
          (const void* dy, const void* x, const float* weight, const float* means, const float* rstds, const void* upstream, void* dx,
           void* dbranch, float* partial, u32 rows, u32 n, u32 per_part, u32 layer, u32 halves, Dropout d),
          (dy, x, weight, means, rstds, upstream, NormGradient{dx, dbranch, partial}, rows, n, per_part, layer, halves, with_keys(d)))

struct NormSums { const float* partial; float *dweight, *dbias; u32 n, parts, first_block, unused; };

/** dweight and dbias [n] (if it is not null) of many norms: the sums of the parts that norm_backward left. A thread a column. */
KERNEL norm_sums(const NormSums* list, u32 count) {
  const NormSums& norm = entry_of(list, count, blockIdx.x);
  const u32 i = (blockIdx.x - norm.first_block) * blockDim.x + threadIdx.x;
  if (i >= norm.n) return;
  float weight = 0, bias = 0;
  for (u32 part = 0; part < norm.parts; part++) {
    weight += norm.partial[(size_t)part * norm.n + i];
    if (norm.dbias) bias += norm.partial[(size_t)(norm.parts + part) * norm.n + i];
  }
  norm.dweight[i] = weight;
  if (norm.dbias) norm.dbias[i] = bias;
}
REGISTER(norm_sums)

/** y [columns] = scale * the sum of x [rows, columns] over its rows, or over `per_part` of them: y [parts, columns]. x has halves if `half`. */
KERNEL column_sums(const void* x, float* y, u32 total, u32 rows, u32 columns, u32 per_part, float scale, u32 half) {
  const u32 i = global_thread();
  if (i >= total) return;
  const u32 column = i % columns, first = i / columns * per_part, end = first + per_part < rows ? first + per_part : rows;
  float sum = 0;
  for (u32 row = first; row < end; row++) {
    float v[1];
    load(v, x, (size_t)row * columns + column, half);
    sum += v[0];
  }
  y[i] = sum * scale;
}
REGISTER(column_sums)
