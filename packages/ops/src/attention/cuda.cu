#include "../cuda/rows.h"

// Attention in float32, without matrix units: a warp takes a row (one head's query, or its key) and 32 keys (or queries) at a time.
// Each lane computes the score of one of them; then all lanes add up what the 32 give, each for its own elements of the head. Scores
// exist in registers alone. qkv [batch, seq, heads, 3, head_dim], y and dy [batch, seq, heads, head_dim], lse [batch, heads, seq].

/** Elements of a head that a lane sums at a time: a head of more than 256 takes several rounds. */
constexpr u32 PER_LANE = 8, ROUND = PER_LANE * WARP;

struct Heads { u32 rows, seq, heads, head_dim; float scale; };

__device__ __forceinline__ size_t qkv_place(const Heads& h, u32 batch, u32 head, u32 place, u32 role) {
  return ((((size_t)batch * h.seq + place) * h.heads + head) * 3 + role) * h.head_dim;
}
__device__ __forceinline__ size_t y_place(const Heads& h, u32 batch, u32 head, u32 place) {
  return (((size_t)batch * h.seq + place) * h.heads + head) * h.head_dim;
}
__device__ __forceinline__ float dot(const float* a, const float* b, u32 n) {
  float sum = 0;
  for (u32 i = 0; i < n; i++) sum = d_fma(a[i], b[i], sum);
  return sum;
}
/** What the dropout of probabilities multiplies (query, key) with: dropout-mask.ts says which word it is. */
__device__ __forceinline__ float kept_pair(const Dropout& d, u32 head, u32 query, u32 key) {
  return d.threshold == 0 || stream_word(d, (query << 17) + key, head) >= d.threshold ? d.scale : 0.0f;
}
/** sums[e] += value of lane j times row j of x, for each j: rows are `stride` apart, and `count` of them exist. */
__device__ __forceinline__ void add_rows(float (&sums)[PER_LANE], float value, const float* x, size_t stride, u32 count, u32 first, u32 head_dim, u32 lane) {
  for (u32 j = 0; j < WARP; j++) {
    const float v = __shfl_sync(0xffffffffu, value, j);
    if (j >= count) continue;
    _Pragma("unroll") for (u32 e = 0; e < PER_LANE; e++) {
      const u32 i = first + lane + e * WARP;
      if (i < head_dim) sums[e] = d_fma(v, x[j * stride + i], sums[e]);
    }
  }
}
__device__ __forceinline__ void store_row(const float (&sums)[PER_LANE], float scale, float* to, u32 first, u32 head_dim, u32 lane) {
  _Pragma("unroll") for (u32 e = 0; e < PER_LANE; e++) {
    const u32 i = first + lane + e * WARP;
    if (i < head_dim) to[i] = sums[e] * scale;
  }
}

/** y = softmax(scale q k^T, where mask is not 0) v, and lse; 0 for a row with nothing to attend to. */
KERNEL attention_forward(const float* qkv, const float* mask, float* y, float* lse, Heads h, Dropout given) {
  const Dropout d = with_keys(given);
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= h.rows) return;
  const u32 query = row % h.seq, index = row / h.seq, head = index % h.heads, batch = index / h.heads;
  const float* q = qkv + qkv_place(h, batch, head, query, 0);
  const size_t stride = (size_t)3 * h.heads * h.head_dim;
  for (u32 round = 0; round < h.head_dim; round += ROUND) {
    float sums[PER_LANE] = {}, top = -INFINITE, total = 0;
    for (u32 first = 0; first < h.seq; first += WARP) {
      const u32 key = first + lane, count = h.seq - first;
      const bool seen = key < h.seq && (!mask || mask[batch * h.seq + key] != 0);
      const float score = seen ? h.scale * dot(q, qkv + qkv_place(h, batch, head, key, 1), h.head_dim) : -INFINITE;
      const float next = m_max(top, warp_max(score));
      if (next == -INFINITE) continue;
      const float before = top == -INFINITE ? 0.0f : m_exp(top - next), p = seen ? m_exp(score - next) : 0.0f;
      total = total * before + warp_sum(p);
      top = next;
      _Pragma("unroll") for (u32 e = 0; e < PER_LANE; e++) sums[e] *= before;
      const float value = seen ? p * kept_pair(d, index, query, key) : 0.0f;
      add_rows(sums, value, qkv + qkv_place(h, batch, head, first, 2), stride, count, round, h.head_dim, lane);
    }
    store_row(sums, total > 0 ? 1 / total : 0.0f, y + y_place(h, batch, head, query), round, h.head_dim, lane);
    if (lane == 0) lse[row] = total > 0 ? top + m_log(total) : 0.0f;
  }
}
REGISTER(attention_forward)

/** The probability of (query, key), its gradient through softmax, and the probability after the dropout. */
struct Pair { float ds, p; };
__device__ __forceinline__ Pair pair_of(const float* q, const float* k, const float* v, const float* dy, float delta, float lse, float kept, const Heads& h) {
  const float p = m_exp(h.scale * dot(q, k, h.head_dim) - lse);
  return {p * (dot(dy, v, h.head_dim) * kept - delta) * h.scale, p * kept};
}

/** dq = dS k, a warp a query. */
KERNEL attention_backward_queries(const float* dy, const float* qkv, const float* mask, const float* y, const float* lse, float* dqkv, Heads h, Dropout given) {
  const Dropout d = with_keys(given);
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= h.rows) return;
  const u32 query = row % h.seq, index = row / h.seq, head = index % h.heads, batch = index / h.heads;
  const float *q = qkv + qkv_place(h, batch, head, query, 0), *my_dy = dy + y_place(h, batch, head, query);
  const float delta = dot(my_dy, y + y_place(h, batch, head, query), h.head_dim);
  const size_t stride = (size_t)3 * h.heads * h.head_dim;
  for (u32 round = 0; round < h.head_dim; round += ROUND) {
    float sums[PER_LANE] = {};
    for (u32 first = 0; first < h.seq; first += WARP) {
      const u32 key = first + lane;
      const bool seen = key < h.seq && (!mask || mask[batch * h.seq + key] != 0);
      const float* k = qkv + qkv_place(h, batch, head, key, 1);
      const float ds = seen ? pair_of(q, k, k + h.head_dim, my_dy, delta, lse[row], kept_pair(d, index, query, key), h).ds : 0.0f;
      add_rows(sums, ds, qkv + qkv_place(h, batch, head, first, 1), stride, h.seq - first, round, h.head_dim, lane);
    }
    store_row(sums, 1, dqkv + qkv_place(h, batch, head, query, 0), round, h.head_dim, lane);
  }
}
REGISTER(attention_backward_queries)

/** dk = dS^T q and dv = P^T dy, a warp a key. */
KERNEL attention_backward_keys(const float* dy, const float* qkv, const float* mask, const float* y, const float* lse, float* dqkv, Heads h, Dropout given) {
  const Dropout d = with_keys(given);
  const u32 row = global_thread() / WARP, lane = threadIdx.x % WARP;
  if (row >= h.rows) return;
  const u32 key = row % h.seq, index = row / h.seq, head = index % h.heads, batch = index / h.heads;
  const float* k = qkv + qkv_place(h, batch, head, key, 1);
  const bool seen = !mask || mask[batch * h.seq + key] != 0;
  const size_t stride = (size_t)3 * h.heads * h.head_dim, y_stride = (size_t)h.heads * h.head_dim;
  for (u32 round = 0; round < h.head_dim; round += ROUND) {
    float keys[PER_LANE] = {}, values[PER_LANE] = {};
    for (u32 first = 0; first < h.seq && seen; first += WARP) {
      const u32 query = first + lane;
      Pair pair = {0, 0};
      if (query < h.seq) {
        const float* my_dy = dy + y_place(h, batch, head, query);
        const float delta = dot(my_dy, y + y_place(h, batch, head, query), h.head_dim);
        const float* q = qkv + qkv_place(h, batch, head, query, 0);
        pair = pair_of(q, k, k + h.head_dim, my_dy, delta, lse[index * h.seq + query], kept_pair(d, index, query, key), h);
      }
      add_rows(keys, pair.ds, qkv + qkv_place(h, batch, head, first, 0), stride, h.seq - first, round, h.head_dim, lane);
      add_rows(values, pair.p, dy + y_place(h, batch, head, first), y_stride, h.seq - first, round, h.head_dim, lane);
    }
    store_row(keys, 1, dqkv + qkv_place(h, batch, head, key, 1), round, h.head_dim, lane);
    store_row(values, 1, dqkv + qkv_place(h, batch, head, key, 2), round, h.head_dim, lane);
  }
}
REGISTER(attention_backward_keys)
