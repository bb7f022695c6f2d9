#include "elementwise.h"

// x [outer, length, inner] -> y [outer, parts, inner]: each part takes `per_part` neighbours, the last one what is left.
// The order of the operations is that of the shape alone. Warps take rows where inner is 1, threads columns elsewhere.

#define REDUCTION(name, suffix, T, start, combined)                                                                             \
  __device__ __forceinline__ T combine_##name##_##suffix(T a, T b) { return (T)(combined); }                                    \
  KERNEL ReduceRows_##name##_##suffix(const T* x, T* y, u32 rows, u32 length, u32 parts, u32 per_part) {                        \
    const u32 row = global_index() / WARP, lane = threadIdx.x % WARP;                                                           \
    if (row >= rows) return;                                                                                                    \
    const u32 part = row % parts, first = part * per_part, end = first + per_part < length ? first + per_part : length;         \
    x += (size_t)(row / parts) * length;                                                                                        \
    T sum = start;                                                                                                              \
    for (u32 i = first + lane; i < end; i += WARP) sum = combine_##name##_##suffix(sum, x[i]);                                  \
    for (int by = 16; by > 0; by /= 2) sum = combine_##name##_##suffix(sum, __shfl_xor_sync(0xffffffffu, sum, by));             \
    if (lane == 0) y[row] = sum;                                                                                                \
  }                                                                                                                             \
  REGISTER(ReduceRows_##name##_##suffix)                                                                                        \
  KERNEL ReduceColumns_##name##_##suffix(const T* x, T* y, u32 n, u32 length, u32 inner, u32 parts, u32 per_part) {             \
    const u32 i = global_index();                                                                                               \
    if (i >= n) return;                                                                                                         \
    const u32 column = i % inner, row = i / inner, part = row % parts, first = part * per_part;                                 \
    const u32 end = first + per_part < length ? first + per_part : length;                                                      \
    x += (size_t)(row / parts) * length * inner + column;                                                                       \
    T sum = start;                                                                                                              \
    for (u32 k = first; k < end; k++) sum = combine_##name##_##suffix(sum, x[(size_t)k * inner]);                               \
    y[i] = sum;                                                                                                                 \
  }                                                                                                                             \
  REGISTER(ReduceColumns_##name##_##suffix)

REDUCTION(Sum, f, float, 0.0f, a + b)
REDUCTION(Sum, i, int, 0, a + b)
REDUCTION(Prod, f, float, 1.0f, a * b)
REDUCTION(Prod, i, int, 1, a * b)
REDUCTION(Max, f, float, -INFINITE, m_max(a, b))
REDUCTION(Max, i, int, (int)0x80000000u, m_max(a, b))
REDUCTION(Min, f, float, INFINITE, m_min(a, b))
REDUCTION(Min, i, int, 0x7fffffff, m_min(a, b))
REDUCTION(Any, b, int, 0, a || b)
REDUCTION(All, b, int, 1, a && b)

/** Where x [outer, length, inner] has its best along the middle axis: the first of equals. */
#define ARGUMENT(name, suffix, T, better)                                                       \
  KERNEL Arg##name##_##suffix(const T* x, int* y, u32 n, u32 length, u32 inner) {               \
    const u32 i = global_index();                                                               \
    if (i >= n) return;                                                                         \
    x += (size_t)(i / inner) * length * inner + i % inner;                                      \
    T best = x[0];                                                                              \
    int place = 0;                                                                              \
    for (u32 k = 1; k < length; k++) {                                                          \
      const T value = x[(size_t)k * inner];                                                     \
      if (value better best) { best = value; place = (int)k; }                                  \
    }                                                                                           \
    y[i] = place;                                                                               \
  }                                                                                             \
  REGISTER(Arg##name##_##suffix)
ARGUMENT(Max, f, float, >)
ARGUMENT(Max, i, int, >)
ARGUMENT(Min, f, float, <)
ARGUMENT(Min, i, int, <)

/** y [outer, length, inner]: sums (or products) up to each element, along the middle axis. */
#define CUMULATIVE(name, suffix, T, start, op)                                                               \
  KERNEL name##_##suffix(const T* x, T* y, u32 n, u32 length, u32 inner, u32 exclusive, u32 reversed) {      \
    const u32 i = global_index();                                                                            \
    if (i >= n) return;                                                                                      \
    const size_t first = (size_t)(i / inner) * length * inner + i % inner;                                   \
    T sum = start;                                                                                           \
    for (u32 k = 0; k < length; k++) {                                                                       \
      const size_t at = first + (size_t)(reversed ? length - 1 - k : k) * inner;                             \
      const T value = x[at];                                                                                 \
      if (exclusive) y[at] = sum;                                                                            \
      sum = sum op value;                                                                                    \
      if (!exclusive) y[at] = sum;                                                                           \
    }                                                                                                        \
  }                                                                                                          \
  REGISTER(name##_##suffix)
CUMULATIVE(Cumsum, f, float, 0.0f, +)
CUMULATIVE(Cumsum, i, int, 0, +)
CUMULATIVE(Cumprod, f, float, 1.0f, *)
CUMULATIVE(Cumprod, i, int, 1, *)

/** y [rows, n] = the softmax of each row, or its logarithm. A warp a row. */
KERNEL softmax(const float* x, float* y, u32 rows, u32 n, u32 logarithm) {
  const u32 row = global_index() / WARP, lane = threadIdx.x % WARP;
  if (row >= rows) return;
  x += (size_t)row * n;
  y += (size_t)row * n;
  float top = -INFINITE;
  for (u32 i = lane; i < n; i += WARP) top = m_max(top, x[i]);
  for (int by = 16; by > 0; by /= 2) top = m_max(top, __shfl_xor_sync(0xffffffffu, top, by));
  float sum = 0;
  for (u32 i = lane; i < n; i += WARP) sum += m_exp(x[i] - top);
  for (int by = 16; by > 0; by /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, by);
  const float shift = m_log(sum), scale = 1 / sum;
  for (u32 i = lane; i < n; i += WARP) y[i] = logarithm ? x[i] - top - shift : m_exp(x[i] - top) * scale;
}
REGISTER(softmax)

/** The k largest of each row of x [rows, n] in falling order, the first of equals first. A warp a row, a pass an element. */
#define TOP_K(suffix, T)                                                                                            \
  KERNEL top_k_##suffix(const T* x, T* values, int* places, u32 rows, u32 n, u32 k) {                               \
    const u32 row = global_index() / WARP, lane = threadIdx.x % WARP;                                               \
    if (row >= rows) return;                                                                                        \
    x += (size_t)row * n;                                                                                           \
    T last = 0;                                                                                                     \
    int last_place = -1;                                                                                            \
    for (u32 taken = 0; taken < k; taken++) {                                                                       \
      T best = 0;                                                                                                   \
      int place = -1;                                                                                               \
      for (u32 i = lane; i < n; i += WARP) {                                                                        \
        const T value = x[i];                                                                                       \
        const bool left = last_place < 0 || value < last || (value == last && (int)i > last_place);                 \
        if (left && (place < 0 || value > best)) { best = value; place = (int)i; }                                  \
      }                                                                                                             \
      for (int by = 16; by > 0; by /= 2) {                                                                          \
        const T other = __shfl_xor_sync(0xffffffffu, best, by);                                                     \
        const int other_place = __shfl_xor_sync(0xffffffffu, place, by);                                            \
        if (other_place >= 0 && (place < 0 || other > best || (other == best && other_place < place))) {            \
          best = other;                                                                                             \
          place = other_place;                                                                                      \
        }                                                                                                           \
      }                                                                                                             \
      if (lane == 0) { values[(size_t)row * k + taken] = best; places[(size_t)row * k + taken] = place; }           \
      last = best;                                                                                                  \
      last_place = place;                                                                                           \
    }                                                                                                               \
  }                                                                                                                 \
  REGISTER(top_k_##suffix)
TOP_K(f, float)
TOP_K(i, int)
