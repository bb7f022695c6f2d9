#include "../cuda/rows.h"

/**
 * a' = a cos t - b sin t, b' = b cos t + a sin t for the halves a, b of each head's query and key; values stay. A thread takes W elements of
 * a head's first half and the W that belong to them. `halves`: bit 0 x, bit 1 y.
 */
template <u32 W> __device__ __forceinline__ void rotary(const void* x, const float* table, void* y, u32 n, u32 seq, u32 heads, u32 head_dim, float direction, u32 halves) {
  const u32 half = head_dim / 2, i = global_thread() * W;
  if (i >= n / 2) return;
  const u32 column = i % half, group = i / half, role = group % 3, place = group / (3 * heads) % seq;
  const size_t at = (size_t)group * head_dim + column;
  float a[W], b[W];
  load(a, x, at, halves & 1);
  load(b, x, at + half, halves & 1);
  if (role != 2) {
    float cosine[W], sine[W];
    load(cosine, table, (size_t)place * head_dim + column, false);
    load(sine, table, (size_t)place * head_dim + half + column, false);
    _Pragma("unroll") for (u32 e = 0; e < W; e++) {
      const float first = a[e], second = b[e], s = direction * sine[e];
      a[e] = first * cosine[e] - second * s;
      b[e] = second * cosine[e] + first * s;
    }
  }
  store(y, at, a, halves & 2);
  store(y, at + half, b, halves & 2);
}
OF_WIDTHS(rotary, (const void* x, const float* table, void* y, u32 n, u32 seq, u32 heads, u32 head_dim, float direction, u32 halves),
          (x, table, y, n, seq, heads, head_dim, direction, halves))
