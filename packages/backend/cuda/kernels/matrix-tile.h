// Products on matrix units: operands are halves (bf16; f16 on Turing, which has no bf16), sums float32. Which lane holds which element of a
// fragment is stated at multiply_halves and load_matrices in device.h.
#pragma once
#include "device.h"

constexpr u32 HALF_DEPTH = 32, STAGES = 3;

/** An operand [rows, k] in memory: element (row, k) is at row * stride + k if `along` (k lies in a line), else at k * stride + row. */
struct HalfOperand { const u16* x; u32 rows, stride; bool wide; };

/**
 * Where chunk `chunk` of eight halves is in shared memory. Of an operand whose k lies in a line: row `line` of 32 halves; else line `line` of
 * k, with the tile's `ROWS`. Permuted so that no eight rows of ldmatrix meet in a bank.
 */
template <bool along, u32 ROWS> __device__ __forceinline__ u32 chunk_place(u32 line, u32 chunk) {
  if (along) return line * 64 + (chunk ^ (line >> 1 & 3)) * 16;
  return line * ROWS * 2 + (chunk ^ (line & 7)) * 16;
}

/** Up to eight neighbours to shared memory, zeros for what is beyond `count`. */
__device__ __forceinline__ void copy_chunk(u8* to, const u16* from, u32 count, bool wide) {
  if (wide) { copy_async(to, from, 2 * count); return; }
  u32 pairs[4];
  _Pragma("unroll") for (u32 e = 0; e < 4; e++)
    pairs[e] = (2 * e < count ? (u32)from[2 * e] : 0u) | (2 * e + 1 < count ? (u32)from[2 * e + 1] << 16 : 0u);
  *(uint4*)to = uint4{pairs[0], pairs[1], pairs[2], pairs[3]};
}

/** A tile of `ROWS` rows and HALF_DEPTH of k to shared memory; `row_of` says which row of the operand is row r of the tile. */
template <bool along, u32 ROWS, u32 THREADS, class RowOf>
__device__ __forceinline__ void copy_tile(u8* to, const HalfOperand& from, u32 k0, u32 k, RowOf row_of) {
  _Pragma("unroll") for (u32 i = 0; i < ROWS * 4 / THREADS; i++) {
    const u32 at = threadIdx.x + i * THREADS;
    const u32 line = along ? at / 4 : at / (ROWS / 8), chunk = along ? at % 4 : at % (ROWS / 8);
    const u32 row = row_of(along ? line : chunk * 8), first = along ? k0 + chunk * 8 : k0 + line;
    const u32 left = along ? k - first : from.rows - row;
    const u32 count = row < from.rows && first < k ? (left < 8 ? left : 8) : 0;
    const u16* source = count == 0 ? from.x : from.x + (along ? (size_t)row * from.stride + first : (size_t)first * from.stride + row);
    copy_chunk(to + chunk_place<along, ROWS>(line, chunk), source, count, from.wide);
  }
}

/** A tile by WARPS_M x WARPS_N warps with 16 MT x 8 NT elements each. */
template <u32 WARPS_M, u32 WARPS_N, u32 MT, u32 NT> struct Tile {
  static constexpr u32 down = MT, across = NT, rows = WARPS_M * MT * 16, columns = WARPS_N * NT * 8, threads = WARPS_M * WARPS_N * 32;
  /** The first row and the first column of this thread's warp. */
  static __device__ __forceinline__ u32 warp_row() { return threadIdx.x / 32 / WARPS_N * MT * 16; }
  static __device__ __forceinline__ u32 warp_column() { return threadIdx.x / 32 % WARPS_N * NT * 8; }
  /** Calls f(i, j, e, row, column) for each pair of neighbouring sums e, e + 1 of this thread, by their place in the tile. */
  template <class F> static __device__ __forceinline__ void each_pair(F f) {
    const u32 lane = threadIdx.x % 32;
    _Pragma("unroll") for (u32 i = 0; i < MT; i++)
      _Pragma("unroll") for (u32 j = 0; j < NT; j++)
        _Pragma("unroll") for (u32 e = 0; e < 4; e += 2) f(i, j, e, warp_row() + i * 16 + (lane >> 2) + e / 2 * 8, warp_column() + j * 8 + (lane & 3) * 2);
  }
};
typedef Tile<2, 4, 4, 4> Large; // 128 x 128, 256 threads
typedef Tile<2, 2, 2, 4> Small; // 64 x 64, 128 threads

/**
 * sums = the product of two tiles over k. STAGES tiles of k are on their way at a
 * time; one barrier a step: what a stage held has been read by all when the next copy goes there.
 */
template <bool along_a, bool along_b, class T, class RowOfA, class RowOfB>
__device__ __forceinline__ void multiply_tile(u8* shared, const HalfOperand& a, const HalfOperand& b, u32 k, RowOfA row_of_a, RowOfB row_of_b, float (&sums)[T::down][T::across][4]) {
  constexpr u32 BM = T::rows, BN = T::columns, MT = T::down, NT = T::across, TILE_BYTES = (BM + BN) * 64;
  const u32 lane = threadIdx.x % 32, wm = T::warp_row(), wn = T::warp_column();
  const u32 steps = (k + HALF_DEPTH - 1) / HALF_DEPTH;
  auto copy = [&](u32 step) INLINE {
    u8* to = shared + step % STAGES * TILE_BYTES;
    if (step < steps) {
      copy_tile<along_a, BM, T::threads>(to, a, step * HALF_DEPTH, k, row_of_a);
      copy_tile<along_b, BN, T::threads>(to + BM * 64, b, step * HALF_DEPTH, k, row_of_b);
    }
    commit_copies();
  };
  for (u32 step = 0; step < STAGES - 1; step++) copy(step);
  for (u32 step = 0; step < steps; step++) {
    wait_copies<STAGES - 2>();
    __syncthreads();
    copy(step + STAGES - 1);
    const u8 *from_a = shared + step % STAGES * TILE_BYTES, *from_b = from_a + BM * 64;
    _Pragma("unroll") for (u32 part = 0; part < HALF_DEPTH; part += 16) {
      u32 fa[MT][4], fb[NT / 2][4];
      // Matrices of a: eight rows and the next eight, of the first eight k; then of the next eight k.
      _Pragma("unroll") for (u32 i = 0; i < MT; i++) {
        if (along_a) load_matrices(fa[i], from_a + chunk_place<along_a, BM>(wm + i * 16 + (lane & 15), part / 8 + (lane >> 4)));
        else load_transposed(fa[i], from_a + chunk_place<along_a, BM>(part + (lane & 7) + (lane >> 4) * 8, (wm + i * 16) / 8 + (lane >> 3 & 1)));
      }
      // Of b: eight columns, of the first eight k and the next; then the next eight columns.
      _Pragma("unroll") for (u32 j = 0; j < NT / 2; j++) {
        if (along_b) load_matrices(fb[j], from_b + chunk_place<along_b, BN>(wn + j * 16 + (lane & 7) + (lane >> 4) * 8, part / 8 + (lane >> 3 & 1)));
        else load_transposed(fb[j], from_b + chunk_place<along_b, BN>(part + (lane & 15), (wn + j * 16) / 8 + (lane >> 4)));
      }
      _Pragma("unroll") for (u32 i = 0; i < MT; i++)
        _Pragma("unroll") for (u32 j = 0; j < NT; j++) multiply_halves(sums[i][j], fa[i], fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
    }
  }
}

/**
 * Calls f(row, column, four, line) for four neighbours in a row of a tile of sums at a time, by their place in the tile, with the line of
 * sums that they are from. They go through shared memory,
 * so that neighbouring threads have neighbours, and what f does is there once and not for each register.
 */
template <class T, class F> __device__ __forceinline__ void each_four(u8* shared, const float (&sums)[T::down][T::across][4], F f) {
  constexpr u32 FOURS = T::columns / 4, LINE = T::columns + 4, LINES = T::rows / T::down;
  const u32 lane = threadIdx.x % 32;
  float* lines = (float*)shared;
  _Pragma("unroll") for (u32 i = 0; i < T::down; i++) {
    __syncthreads();
    _Pragma("unroll") for (u32 j = 0; j < T::across; j++)
      _Pragma("unroll") for (u32 e = 0; e < 4; e++)
        lines[(T::warp_row() / T::down + (lane >> 2) + e / 2 * 8) * LINE + T::warp_column() + j * 8 + (lane & 3) * 2 + e % 2] = sums[i][j][e];
    __syncthreads();
    _Pragma("unroll 1") for (u32 at = threadIdx.x; at < LINES * FOURS; at += T::threads) {
      const u32 line = at / FOURS, column = at % FOURS * 4;
      f(line / 16 * 16 * T::down + i * 16 + line % 16, column, *(const float4*)(lines + line * LINE + column), lines + line * LINE);
    }
  }
}
