#include "../cuda/rows.h"
#include "matrix-tile.h"

// Attention on matrix units, of halves with float32 sums: four warps take a tile of 64 rows of one head, 16 each, against tiles of 64 others.
// Scores and probabilities exist in registers alone: what a product leaves in the fragments of its result is, packed, the left operand
// of the next (the layouts at multiply_halves in device.h: register i of a, and the sums 2 (i % 2) and + 1 of the result's tile i / 2, have the
// same rows and columns). D is the length of a head in shared memory, with zeros behind its end. `Heads` and the places are cuda.cu's.

constexpr u32 ATTENTION_ROWS = 64, ATTENTION_THREADS = 128;

/** Where chunk `chunk` of eight halves of a row is; permuted so that no eight rows of ldmatrix meet in a bank. */
template <u32 D> __device__ __forceinline__ u32 head_place(u32 row, u32 chunk) { return row * D * 2 + (chunk ^ (row & 7)) * 16; }

/** 64 rows from `first` on, `stride` halves apart, to shared memory. */
template <u32 D> __device__ __forceinline__ void copy_heads(u8* to, const u16* from, u32 first, size_t stride, const Heads& h) {
  _Pragma("unroll") for (u32 i = 0; i < ATTENTION_ROWS * D / 8 / ATTENTION_THREADS; i++) {
    const u32 at = threadIdx.x + i * ATTENTION_THREADS, row = at / (D / 8), chunk = at % (D / 8), start = chunk * 8;
    const u32 count = first + row < h.seq && start < h.head_dim ? (h.head_dim - start < 8 ? h.head_dim - start : 8) : 0;
    copy_chunk(to + head_place<D>(row, chunk), count == 0 ? from : from + (first + row) * stride + start, count, h.head_dim % 8 == 0);
  }
}

/** s [16 rows of this warp, 64] = a b^T, of two tiles [64, D]. */
template <u32 D> __device__ __forceinline__ void multiply_heads(float (&s)[8][4], const u8* a, const u8* b) {
  const u32 lane = threadIdx.x % WARP, row = threadIdx.x / WARP * 16;
  _Pragma("unroll") for (u32 part = 0; part < D / 16; part++) {
    u32 fa[4];
    load_matrices(fa, a + head_place<D>(row + (lane & 15), part * 2 + (lane >> 4)));
    _Pragma("unroll") for (u32 j = 0; j < 4; j++) {
      u32 fb[4];
      load_matrices(fb, b + head_place<D>(j * 16 + (lane & 7) + (lane >> 4) * 8, part * 2 + (lane >> 3 & 1)));
      multiply_halves(s[2 * j], fa, fb[0], fb[1]);
      multiply_halves(s[2 * j + 1], fa, fb[2], fb[3]);
    }
  }
}

/** sums [16 rows of this warp, D] += p [16, 64] b, of a tile b [64, D]. */
template <u32 D> __device__ __forceinline__ void add_heads(float (&sums)[D / 8][4], const float (&p)[8][4], const u8* b) {
  const u32 lane = threadIdx.x % WARP;
  _Pragma("unroll") for (u32 part = 0; part < 4; part++) {
    u32 fa[4];
    _Pragma("unroll") for (u32 i = 0; i < 4; i++) fa[i] = pack_halves(p[2 * part + i / 2][i % 2 * 2], p[2 * part + i / 2][i % 2 * 2 + 1]);
    _Pragma("unroll") for (u32 j = 0; j < D / 16; j++) {
      u32 fb[4];
      load_transposed(fb, b + head_place<D>(part * 16 + (lane & 15), j * 2 + (lane >> 4)));
      multiply_halves(sums[2 * j], fa, fb[0], fb[1]);
      multiply_halves(sums[2 * j + 1], fa, fb[2], fb[3]);
    }
  }
}

/** This warp's rows of a tile of sums, times a factor for each of a thread's two rows, `stride` halves apart from `to` on. */
template <u32 D> __device__ __forceinline__ void store_heads(u16* to, size_t stride, u32 first, const float (&sums)[D / 8][4], const float (&factors)[2], const Heads& h) {
  const u32 lane = threadIdx.x % WARP;
  _Pragma("unroll") for (u32 e = 0; e < 2; e++) {
    const u32 row = first + threadIdx.x / WARP * 16 + (lane >> 2) + e * 8;
    if (row >= h.seq) continue;
    _Pragma("unroll") for (u32 j = 0; j < D / 8; j++) {
      const u32 column = j * 8 + (lane & 3) * 2;
      if (column >= h.head_dim) continue;
      u16* at = to + row * stride + column;
      const u32 pair = pack_halves(sums[j][2 * e] * factors[e], sums[j][2 * e + 1] * factors[e]);
      if (h.head_dim % 2 == 0) { *(u32*)at = pair; continue; }
      at[0] = (u16)pair;
      if (column + 1 < h.head_dim) at[1] = (u16)(pair >> 16);
    }
  }
}

/**
 * Which of a thread's 32 pairs of (query, key) the dropout keeps, a bit each: bit 4 j + e for element e of tile j. In a loop, so that the
 * code for a word of the stream is there once. `row` and `column` are those of its first pair, queries in columns if `transposed`.
 */
__device__ __forceinline__ u32 kept_pairs(const Dropout& d, u32 head, u32 row, u32 column, bool transposed) {
  if (d.threshold == 0) return 0xffffffffu;
  u32 bits = 0;
  _Pragma("unroll 1") for (u32 i = 0; i < 32; i++) {
    const u32 r = row + i / 2 % 2 * 8, c = column + i / 4 * 8 + i % 2;
    if (kept_pair(d, head, transposed ? c : r, transposed ? r : c) != 0) bits |= 1u << i;
  }
  return bits;
}

/** The sum, or the largest, over the four lanes that share a row. */
__device__ __forceinline__ float row_sum(float v) {
  v += __shfl_xor_sync(0xffffffffu, v, 1);
  return v + __shfl_xor_sync(0xffffffffu, v, 2);
}
__device__ __forceinline__ float row_max(float v) {
  v = m_max(v, __shfl_xor_sync(0xffffffffu, v, 1));
  return m_max(v, __shfl_xor_sync(0xffffffffu, v, 2));
}

/** y = softmax(scale q k^T, where mask is not 0) v, and lse; a block a tile of queries (blockIdx.y) of a head (blockIdx.x). */
template <u32 D> __device__ __forceinline__ void attention_tile(u8* shared, const u16* qkv, const float* mask, u16* y, float* lse, const Heads& h, const Dropout& d) {
  constexpr u32 TILE_BYTES = ATTENTION_ROWS * D * 2;
  u8 *tile_q = shared, *tile_k = shared + TILE_BYTES, *tile_v = tile_k + TILE_BYTES;
  const u32 index = blockIdx.x, head = index % h.heads, batch = index / h.heads, first = blockIdx.y * ATTENTION_ROWS;
  const u32 lane = threadIdx.x % WARP, my_row = first + threadIdx.x / WARP * 16 + (lane >> 2);
  const size_t stride = (size_t)3 * h.heads * h.head_dim;
  const u16* q = qkv + qkv_place(h, batch, head, 0, 0);
  float sums[D / 8][4] = {}, top[2] = {-INFINITE, -INFINITE}, total[2] = {};
  copy_heads<D>(tile_q, q, first, stride, h);
  copy_heads<D>(tile_k, q + h.head_dim, 0, stride, h);
  commit_copies();
  copy_heads<D>(tile_v, q + 2 * h.head_dim, 0, stride, h);
  commit_copies();
  for (u32 start = 0; start < h.seq; start += ATTENTION_ROWS) {
    wait_copies<1>(); // the keys; values are still on their way
    __syncthreads();
    float s[8][4] = {};
    multiply_heads<D>(s, tile_q, tile_k);
    __syncthreads();
    if (start + ATTENTION_ROWS < h.seq) copy_heads<D>(tile_k, q + h.head_dim, start + ATTENTION_ROWS, stride, h);
    commit_copies();
    const u32 bits = kept_pairs(d, index, my_row, start + (lane & 3) * 2, false);
    float next[2] = {top[0], top[1]};
    _Pragma("unroll") for (u32 j = 0; j < 8; j++)
      _Pragma("unroll") for (u32 e = 0; e < 2; e++) {
        const u32 key = start + j * 8 + (lane & 3) * 2 + e;
        const bool seen = key < h.seq && (!mask || mask[batch * h.seq + key] != 0);
        _Pragma("unroll") for (u32 r = 0; r < 2; r++) {
          s[j][2 * r + e] = seen ? h.scale * s[j][2 * r + e] : -INFINITE;
          next[r] = m_max(next[r], s[j][2 * r + e]);
        }
      }
    _Pragma("unroll") for (u32 r = 0; r < 2; r++) {
      next[r] = row_max(next[r]);
      const float before = top[r] == -INFINITE ? 0.0f : m_exp(top[r] - next[r]), floor = next[r] == -INFINITE ? 0.0f : next[r];
      float sum = 0;
      _Pragma("unroll") for (u32 j = 0; j < 8; j++)
        _Pragma("unroll") for (u32 e = 0; e < 2; e++) {
          float& p = s[j][2 * r + e];
          p = p == -INFINITE ? 0.0f : m_exp(p - floor);
          sum += p;
          p *= bits >> (4 * j + 2 * r + e) & 1 ? d.scale : 0.0f;
        }
      total[r] = total[r] * before + row_sum(sum);
      top[r] = next[r];
      _Pragma("unroll") for (u32 j = 0; j < D / 8; j++) {
        sums[j][2 * r] *= before;
        sums[j][2 * r + 1] *= before;
      }
    }
    wait_copies<1>(); // the values; the next keys are on their way
    __syncthreads();
    add_heads<D>(sums, s, tile_v);
    __syncthreads();
    if (start + ATTENTION_ROWS < h.seq) copy_heads<D>(tile_v, q + 2 * h.head_dim, start + ATTENTION_ROWS, stride, h);
    commit_copies();
  }
  const float factors[2] = {total[0] > 0 ? 1 / total[0] : 0.0f, total[1] > 0 ? 1 / total[1] : 0.0f};
  store_heads<D>(y + y_place(h, batch, head, 0), (size_t)h.heads * h.head_dim, first, sums, factors, h);
  _Pragma("unroll") for (u32 r = 0; r < 2; r++)
    if ((lane & 3) == 0 && my_row + 8 * r < h.seq) lse[(size_t)index * h.seq + my_row + 8 * r] = total[r] > 0 ? top[r] + m_log(total[r]) : 0.0f;
}

/** What the backward pass reads. */
struct AttentionGradient { const u16 *dy, *qkv, *y; const float *mask, *lse; };

/**
 * For a tile of queries dq = dS k, for one of keys dk = dS^T q and dv = P^T dy. A block keeps the two tiles of its rows (q and dy, or k and v),
 * goes through the tiles of the others (k and v, or q and dy), and computes their scores anew.
 */
template <u32 D, bool KEYS> __device__ __forceinline__ void attention_gradient(u8* shared, const AttentionGradient& g, u16* dqkv, u32 tile, const Heads& h, const Dropout& d) {
  constexpr u32 TILE_BYTES = ATTENTION_ROWS * D * 2;
  u8 *mine = shared, *my_second = mine + TILE_BYTES, *other = my_second + TILE_BYTES, *other_second = other + TILE_BYTES;
  float *lse = (float*)(other_second + TILE_BYTES), *delta = lse + ATTENTION_ROWS; // of a tile of queries
  const u32 index = blockIdx.x, head = index % h.heads, batch = index / h.heads, first = tile * ATTENTION_ROWS;
  const u32 lane = threadIdx.x % WARP, my_row = threadIdx.x / WARP * 16 + (lane >> 2);
  const size_t stride = (size_t)3 * h.heads * h.head_dim, y_stride = (size_t)h.heads * h.head_dim;
  const u16 *q = g.qkv + qkv_place(h, batch, head, 0, 0), *k = q + h.head_dim, *v = k + h.head_dim;
  const u16 *dy = g.dy + y_place(h, batch, head, 0), *y = g.y + y_place(h, batch, head, 0);
  // delta = the sum of dy y over a row, by two threads; `rows` is the tile of dy that starts at `start`.
  auto read_rows = [&](const u8* rows, u32 start) INLINE {
    const u32 row = threadIdx.x / 2, query = start + row;
    float sum = 0;
    for (u32 i = threadIdx.x % 2; i < h.head_dim && query < h.seq; i += 2)
      sum = d_fma(of_half(*(const u16*)(rows + head_place<D>(row, i / 8) + i % 8 * 2)), of_half(y[query * y_stride + i]), sum);
    sum += __shfl_xor_sync(0xffffffffu, sum, 1);
    if (threadIdx.x % 2 == 0) {
      delta[row] = sum;
      lse[row] = query < h.seq ? g.lse[(size_t)index * h.seq + query] : 0.0f;
    }
  };
  float sums[D / 8][4] = {}, second_sums[KEYS ? D / 8 : 1][4] = {};
  copy_heads<D>(mine, KEYS ? k : q, first, stride, h);
  if (KEYS) copy_heads<D>(my_second, v, first, stride, h); else copy_heads<D>(my_second, dy, first, y_stride, h);
  for (u32 start = 0; start < h.seq; start += ATTENTION_ROWS) {
    copy_heads<D>(other, KEYS ? q : k, start, stride, h);
    if (KEYS) copy_heads<D>(other_second, dy, start, y_stride, h); else copy_heads<D>(other_second, v, start, stride, h);
    commit_copies();
    wait_copies<0>();
    __syncthreads();
    if (KEYS) read_rows(other_second, start); else if (start == 0) read_rows(my_second, first);
    if (KEYS || start == 0) __syncthreads();
    const u32 bits = kept_pairs(d, index, first + my_row, start + (lane & 3) * 2, KEYS);
    float p[8][4] = {}, ds[8][4] = {};
    multiply_heads<D>(p, mine, other);
    multiply_heads<D>(ds, my_second, other_second);
    _Pragma("unroll") for (u32 j = 0; j < 8; j++)
      _Pragma("unroll") for (u32 e = 0; e < 4; e++) {
        const u32 row = my_row + e / 2 * 8, column = j * 8 + (lane & 3) * 2 + e % 2, place = KEYS ? column : row;
        const u32 query = KEYS ? start + column : first + row, key = KEYS ? first + row : start + column;
        const bool seen = query < h.seq && key < h.seq && (!g.mask || g.mask[batch * h.seq + key] != 0);
        const float probability = seen ? m_exp(h.scale * p[j][e] - lse[place]) : 0.0f;
        const float factor = bits >> (4 * j + e) & 1 ? d.scale : 0.0f;
        ds[j][e] = probability * (ds[j][e] * factor - delta[place]) * h.scale;
        p[j][e] = probability * factor;
      }
    add_heads<D>(sums, ds, other);
    if constexpr (KEYS) add_heads<D>(second_sums, p, other_second);
    __syncthreads();
  }
  const float one[2] = {1, 1};
  u16* to = dqkv + qkv_place(h, batch, head, 0, KEYS ? 1 : 0);
  store_heads<D>(to, stride, first, sums, one, h);
  if constexpr (KEYS) store_heads<D>(to + h.head_dim, stride, first, second_sums, one, h);
}

// For heads of at most 64, and of at most 128.
#define ATTENTION(D)                                                                                                                       \
  KERNEL __launch_bounds__(ATTENTION_THREADS) attention_half_##D(const u16* qkv, const float* mask, u16* y, float* lse, Heads h, Dropout d) { \
    SHARED_BYTES(shared);                                                                                                                  \
    attention_tile<D>(shared, qkv, mask, y, lse, h, with_keys(d));                                                                         \
  }                                                                                                                                        \
  REGISTER(attention_half_##D)                                                                                                             \
  /* The first half of the tiles (blockIdx.y) is of queries, the second one of keys. */                                                    \
  KERNEL __launch_bounds__(ATTENTION_THREADS) attention_gradient_half_##D(const u16* dy, const u16* qkv, const float* mask, const u16* y,  \
                                                                          const float* lse, u16* dqkv, Heads h, Dropout d) {               \
    SHARED_BYTES(shared);                                                                                                                  \
    const AttentionGradient g = {dy, qkv, y, mask, lse};                                                                                   \
    const u32 tiles = gridDim.y / 2;                                                                                                       \
    if (blockIdx.y < tiles) attention_gradient<D, false>(shared, g, dqkv, blockIdx.y, h, with_keys(d));                                    \
    else attention_gradient<D, true>(shared, g, dqkv, blockIdx.y - tiles, h, with_keys(d));                                                \
  }                                                                                                                                        \
  REGISTER(attention_gradient_half_##D)
ATTENTION(64)
ATTENTION(128)
