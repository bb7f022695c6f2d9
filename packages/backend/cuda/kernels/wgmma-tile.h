// Products on Hopper's matrix units: tiles of 128 x 128 by two warpgroups, which multiply what the copy engine has brought to shared memory; one
// more warp gives it its orders. Operands are bf16, sums float32.
#pragma once
#include "hopper.h"

/** Steps of 64 in k: a row of a box is 128 bytes, the length of the swizzle pattern. */
constexpr u32 BOX = 64, BOX_BYTES = BOX * BOX * 2, SLOTS = 3, SLOT_BYTES = 4 * BOX_BYTES;
/** Warps that multiply, and all threads: one warp copies. */
constexpr u32 MULTIPLYING = 8, WGMMA_THREADS = (MULTIPLYING + 1) * 32;

/**
 * Describes an operand of a product: 64 rows (a) or 128 (b), and 16 of k. After the PTX manual's "Matrix Descriptor" and "Strides": the address and two
 * distances in units of 16 bytes, and the swizzle mode, 1 for 128 bytes, whose patterns of 1024 bytes begin at multiples of that.
 * If k lies in a line, `stride` goes from eight rows to the next eight, and `leading` is not used. Else `leading` goes from 64 rows to the next 64, and
 * `stride` from eight of k to the next.
 */
__device__ __forceinline__ u64 matrix_descriptor(u32 address, u32 leading, u32 stride) {
  return (u64)(address >> 4) | (u64)(leading >> 4) << 16 | (u64)(stride >> 4) << 32 | 1ull << 62;
}

/** The descriptor of the part from k = 16 `part` on of two boxes, one after the other, of an operand whose k lies in a line if `along`. */
template <bool along> __device__ __forceinline__ u64 part_of(const u8* boxes, u32 part) {
  if (along) return matrix_descriptor(shared_address(boxes) + part * 32, 16, 1024);
  return matrix_descriptor(shared_address(boxes) + part * 2048, BOX_BYTES, 1024);
}

/** Where the slots begin in a block's shared memory, which is aligned to less than a swizzle pattern. */
__device__ __forceinline__ u8* slots_of(u8* shared) { return shared + (-shared_address(shared) & 1023); }

/** An operand [batches, rows, k]: boxes of 64 x 64 of `batch`. */
struct BoxedOperand { const TensorMap* map; u32 batch; };

/** The box whose first row is `row`, and whose first k is `k`. */
template <bool along> __device__ __forceinline__ void copy_rows(u8* to, const BoxedOperand& from, u64* barrier, u32 row, u32 k) {
  if (along) copy_box(to, from.map, barrier, k, row, from.batch); else copy_box(to, from.map, barrier, row, k, from.batch);
}

/**
 * sums = the product of two tiles over k. `row_of_a` and `row_of_b` say where the first and the second box of a tile begin. False for the
 * threads that have no sums.
 *
 * Slots of two tiles go round: `full` says that the copies of one are there, `empty` that all warps are done with it. Each is waited
 * for by the parity of its phase, which flips each time round.
 */
template <bool along_a, bool along_b, class RowOfA, class RowOfB>
__device__ __forceinline__ bool multiply_boxes(u8* shared, const BoxedOperand& a, const BoxedOperand& b, u32 k, RowOfA row_of_a, RowOfB row_of_b, float (&sums)[64]) {
  u8* slots = slots_of(shared);
  u64 *full = (u64*)(slots + SLOTS * SLOT_BYTES), *empty = full + SLOTS;
  const u32 warp = threadIdx.x / 32, lane = threadIdx.x % 32, steps = (k + BOX - 1) / BOX;
  if (threadIdx.x == 0) {
    for (u32 i = 0; i < SLOTS; i++) {
      barrier_init(full + i, 1);
      barrier_init(empty + i, MULTIPLYING);
    }
    publish_barriers();
  }
  __syncthreads();
  if (warp == MULTIPLYING) {
    if (lane > 0) return false;
    for (u32 step = 0; step < steps; step++) {
      const u32 slot = step % SLOTS, round = step / SLOTS;
      u8* to = slots + slot * SLOT_BYTES;
      if (round > 0) barrier_wait(empty + slot, (round - 1) & 1);
      barrier_expect(full + slot, SLOT_BYTES);
      for (u32 i = 0; i < 2; i++) {
        copy_rows<along_a>(to + i * BOX_BYTES, a, full + slot, row_of_a(i), step * BOX);
        copy_rows<along_b>(to + (2 + i) * BOX_BYTES, b, full + slot, row_of_b(i), step * BOX);
      }
    }
    return false;
  }
  _Pragma("unroll") for (u32 i = 0; i < 64; i++) sums[i] = 0;
  for (u32 step = 0; step < steps; step++) {
    const u32 slot = step % SLOTS;
    const u8* from = slots + slot * SLOT_BYTES;
    barrier_wait(full + slot, step / SLOTS & 1);
    begin_products(sums);
    _Pragma("unroll") for (u32 part = 0; part < BOX / 16; part++)
      multiply_warpgroup<!along_a, !along_b>(sums, part_of<along_a>(from + warp / 4 * BOX_BYTES, part), part_of<along_b>(from + 2 * BOX_BYTES, part));
    commit_products();
    // These run on; those of the step before are done, and the slot that they read is free.
    wait_products<1>();
    if (step > 0 && lane == 0) barrier_arrive(empty + (step - 1) % SLOTS);
  }
  finish_products(sums);
  return true;
}

/**
 * Calls f(row, column, four, line) for four neighbours in a row of a tile of sums at a time, of the first COLUMNS columns, by their place in the
 * tile, with the line of sums that they are from. They go through the slots, so that neighbouring threads have neighbours, and what f
 * does is there once and not for each register.
 */
template <u32 COLUMNS, class F> __device__ __forceinline__ void each_four_of(u8* shared, const float (&sums)[64], F f) {
  constexpr u32 FOURS = COLUMNS / 4, LINE = 128 + 8;
  const u32 lane = threadIdx.x % 32, first_row = threadIdx.x / 32 * 16;
  float* lines = (float*)slots_of(shared) + first_row * LINE;
  meet_first<MULTIPLYING * 32>(); // no warp reads a slot any more
  _Pragma("unroll") for (u32 i = 0; i < 64; i += 2)
    *(uint2*)(lines + ((lane >> 2) + i / 2 % 2 * 8) * LINE + i / 4 * 8 + (lane & 3) * 2) = uint2{bits_of(sums[i]), bits_of(sums[i + 1])};
  __syncwarp();
  _Pragma("unroll 1") for (u32 at = lane; at < 16 * FOURS; at += 32) {
    const u32 row = at / FOURS, column = at % FOURS * 4;
    const float* line = lines + row * LINE;
    f(first_row + row, column, *(const float4*)(line + column), line);
  }
}
