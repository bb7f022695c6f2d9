#include "device.h"

// Products on matrix units: operands rounded to half precision (bf16; f16 on Turing, which has no bf16) on their way into shared
// memory, sums in float32. Which lane holds which element of a fragment is stated at multiply_halves in device.h.

/** Rows of a tile in shared memory have 32 halves: four chunks of 16 bytes, permuted so that no eight rows of ldmatrix meet in a bank. */
constexpr u32 HALF_DEPTH = 32;
__device__ __forceinline__ u32 chunk_place(u32 row, u32 chunk) { return row * 64 + ((chunk ^ ((row >> 1) & 3)) * 16); }

/** An operand [rows, k] in memory: element (row, k) is at row * stride + k if `along` (k lies in a line), else at k * stride + row. */
struct HalfOperand { const float* x; u32 rows, stride; };

/** Eight neighbours along k of a row, rounded: zeros beyond the operand. */
template <bool along> __device__ __forceinline__ void fetch_chunk(const HalfOperand& from, u32 row, u32 k0, u32 k, bool wide, u32 (&halves)[4]) {
  float v[8];
  const bool whole = row < from.rows && k0 + 8 <= k;
  if (along && wide && whole) {
    const float4 low = *(const float4*)(from.x + (size_t)row * from.stride + k0), high = *(const float4*)(from.x + (size_t)row * from.stride + k0 + 4);
    v[0] = low.x; v[1] = low.y; v[2] = low.z; v[3] = low.w;
    v[4] = high.x; v[5] = high.y; v[6] = high.z; v[7] = high.w;
  } else {
    _Pragma("unroll") for (u32 e = 0; e < 8; e++) {
      const bool inside = row < from.rows && k0 + e < k;
      v[e] = inside ? from.x[along ? (size_t)row * from.stride + k0 + e : (size_t)(k0 + e) * from.stride + row] : 0.0f;
    }
  }
  _Pragma("unroll") for (u32 e = 0; e < 4; e++) halves[e] = pack_halves(v[2 * e], v[2 * e + 1]);
}

/**
 * c [m, n] = scale a b (+ bias [n]) (+ c, if `add`), for `batches` of blockIdx.z. WARPS_M x WARPS_N warps, each with 16 MT x 8 NT elements. While one
 * tile of k is multiplied the next one is on its way through registers; two tiles in shared memory in turn, one barrier a step.
 */
template <bool along_a, bool along_b, u32 WARPS_M, u32 WARPS_N, u32 MT, u32 NT>
__device__ __forceinline__ void multiply_tile(u8* shared, HalfOperand a, HalfOperand b, const float* bias, float* c, u32 k, bool wide_a, bool wide_b, float scale, bool add) {
  constexpr u32 BM = WARPS_M * MT * 16, BN = WARPS_N * NT * 8, THREADS = WARPS_M * WARPS_N * 32;
  constexpr u32 CHUNKS_A = BM * 4 / THREADS, CHUNKS_B = BN * 4 / THREADS, TILE_BYTES = (BM + BN) * 64;
  const u32 thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
  const u32 m0 = blockIdx.x * BM, n0 = blockIdx.y * BN, wm = warp / WARPS_N * MT * 16, wn = warp % WARPS_N * NT * 8;
  const u32 steps = (k + HALF_DEPTH - 1) / HALF_DEPTH;
  u32 next_a[CHUNKS_A][4], next_b[CHUNKS_B][4];
  // Neighbouring threads read neighbouring elements: chunks of a row, or rows of a chunk.
  auto row_of = [&](bool along, u32 i, u32 rows) INLINE { const u32 at = thread + i * THREADS; return along ? at / 4 : at % rows; };
  auto part_of = [&](bool along, u32 i, u32 rows) INLINE { const u32 at = thread + i * THREADS; return along ? at % 4 : at / rows; };
  auto fetch = [&](u32 step) INLINE {
    _Pragma("unroll") for (u32 i = 0; i < CHUNKS_A; i++)
      fetch_chunk<along_a>(a, m0 + row_of(along_a, i, BM), step * HALF_DEPTH + part_of(along_a, i, BM) * 8, k, wide_a, next_a[i]);
    _Pragma("unroll") for (u32 i = 0; i < CHUNKS_B; i++)
      fetch_chunk<along_b>(b, n0 + row_of(along_b, i, BN), step * HALF_DEPTH + part_of(along_b, i, BN) * 8, k, wide_b, next_b[i]);
  };
  auto store = [&](u32 step) INLINE {
    u8* to = shared + step % 2 * TILE_BYTES;
    _Pragma("unroll") for (u32 i = 0; i < CHUNKS_A; i++)
      *(uint4*)(to + chunk_place(row_of(along_a, i, BM), part_of(along_a, i, BM))) = uint4{next_a[i][0], next_a[i][1], next_a[i][2], next_a[i][3]};
    _Pragma("unroll") for (u32 i = 0; i < CHUNKS_B; i++)
      *(uint4*)(to + BM * 64 + chunk_place(row_of(along_b, i, BN), part_of(along_b, i, BN))) = uint4{next_b[i][0], next_b[i][1], next_b[i][2], next_b[i][3]};
  };
  float sums[MT][NT][4] = {};
  fetch(0);
  store(0);
  __syncthreads();
  for (u32 step = 0; step < steps; step++) {
    if (step + 1 < steps) fetch(step + 1);
    const u8* from = shared + step % 2 * TILE_BYTES;
    _Pragma("unroll") for (u32 part = 0; part < 4; part += 2) {
      u32 fa[MT][4], fb[NT / 2][4];
      // Lanes 0 to 15 name the rows of the first eight columns, 16 to 31 those of the next eight.
      _Pragma("unroll") for (u32 i = 0; i < MT; i++) load_matrices(fa[i], from + chunk_place(wm + i * 16 + (lane & 15), part + (lane >> 4)));
      // Of b [n, k], lanes 0 to 7 and 16 to 23 name eight rows each in the first eight columns, the others in the next eight.
      _Pragma("unroll") for (u32 j = 0; j < NT / 2; j++)
        load_matrices(fb[j], from + BM * 64 + chunk_place(wn + j * 16 + (lane & 7) + ((lane >> 4) << 3), part + ((lane >> 3) & 1)));
      _Pragma("unroll") for (u32 i = 0; i < MT; i++)
        _Pragma("unroll") for (u32 j = 0; j < NT; j++) multiply_halves(sums[i][j], fa[i], fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
    }
    if (step + 1 < steps) store(step + 1);
    __syncthreads();
  }
  _Pragma("unroll") for (u32 i = 0; i < MT; i++)
    _Pragma("unroll") for (u32 j = 0; j < NT; j++)
      _Pragma("unroll") for (u32 e = 0; e < 4; e++) {
        const u32 row = m0 + wm + i * 16 + (lane >> 2) + e / 2 * 8, column = n0 + wn + j * 8 + (lane & 3) * 2 + e % 2;
        if (row < a.rows && column < b.rows) {
          float& to = c[(size_t)row * b.rows + column];
          to = scale * sums[i][j][e] + (bias ? bias[column] : 0.0f) + (add ? to : 0.0f);
        }
      }
}

/** Where an operand lies: the steps from one batch and from one line to the next, and whether it can be read 16 bytes at a time. */
struct HalfLayout { u32 batch, line, wide; };

#define HALF_PRODUCT(name, along_a, along_b, threads, ...)                                                                              \
  KERNEL __launch_bounds__(threads) product_half_##name(const float* a, const float* b, const float* bias, float* c, u32 m, u32 n,      \
                                                        u32 k, HalfLayout at_a, HalfLayout at_b, float scale, u32 add) {                                      \
    SHARED_BYTES(shared);                                                                                                               \
    const HalfOperand left = {a + (size_t)blockIdx.z * at_a.batch, m, at_a.line}, right = {b + (size_t)blockIdx.z * at_b.batch, n, at_b.line}; \
    multiply_tile<along_a, along_b, __VA_ARGS__>(shared, left, right, bias, c + (size_t)blockIdx.z * m * n, k, at_a.wide, at_b.wide, scale, add);     \
  }                                                                                                                                     \
  REGISTER(product_half_##name)

// Names say how the operands lie: n if k lies in a line, t if not. Tiles of 128 x 128 and 64 x 64.
HALF_PRODUCT(nn_large, true, true, 256, 2, 4, 4, 4)
HALF_PRODUCT(nt_large, true, false, 256, 2, 4, 4, 4)
HALF_PRODUCT(tn_large, false, true, 256, 2, 4, 4, 4)
HALF_PRODUCT(tt_large, false, false, 256, 2, 4, 4, 4)
HALF_PRODUCT(nn_small, true, true, 128, 2, 2, 2, 4)
HALF_PRODUCT(nt_small, true, false, 128, 2, 2, 2, 4)
HALF_PRODUCT(tn_small, false, true, 128, 2, 2, 2, 4)
HALF_PRODUCT(tt_small, false, false, 128, 2, 2, 2, 4)
