// Hopper's instructions (compute capability 9.0, PTX 8.3 for sm_90a) under thin names: tensor maps and the bulk copies that read them, barriers that
// count bytes, and products of a warpgroup (four warps) of operands in shared memory. emulator/hopper.h has the same names for a
// processor. Sections of the PTX manual are named by their titles.
#pragma once
#include "device.h"

/** How a matrix lies in memory and which box of it a copy takes, as cuTensorMapEncodeTiled writes it. */
struct __align__(64) TensorMap { u64 words[16]; };

/** `name` points to argument `number` of the kernel where the driver has put it. To a C++ compiler `argument` would be a copy, which no copy engine takes. */
#define TENSOR_MAP(name, kernel, number, argument)                                                                         \
  const TensorMap* name;                                                                                                   \
  asm("{ .reg .b64 at; mov.b64 at, " #kernel "_param_" #number "; cvta.param.u64 %0, at; }" : "=l"(name))

__device__ __forceinline__ u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }

/** Lets this thread copy by a map that the host copied to device memory. */
__device__ __forceinline__ void acquire_map(const TensorMap* map) {
  asm volatile("fence.proxy.tensormap::generic.acquire.sys [%0], 128;" : : "l"(map) : "memory");
}

/** A barrier whose phases end when `count` threads have arrived and the bytes that they expect are there. */
__device__ __forceinline__ void barrier_init(u64* barrier, u32 count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" : : "r"(shared_address(barrier)), "r"(count) : "memory");
}
/** Shows barriers to the copy engine, after they were made. */
__device__ __forceinline__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster; fence.proxy.async.shared::cta;" : : : "memory");
}
__device__ __forceinline__ void barrier_arrive(u64* barrier) {
  asm volatile("{ .reg .b64 state; mbarrier.arrive.shared::cta.b64 state, [%0]; }" : : "r"(shared_address(barrier)) : "memory");
}
/** Arrives, and lets the phase wait for so many bytes. */
__device__ __forceinline__ void barrier_expect(u64* barrier, u32 bytes) {
  asm volatile("{ .reg .b64 state; mbarrier.arrive.expect_tx.shared::cta.b64 state, [%0], %1; }" : : "r"(shared_address(barrier)), "r"(bytes) : "memory");
}
/** Waits for the end of the phase of that parity: the first one has 0, the next one 1, and so on in turn. */
__device__ __forceinline__ void barrier_wait(u64* barrier, u32 parity) {
  asm volatile("{ .reg .pred done;\nagain: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n@!done bra again; }"
               : : "r"(shared_address(barrier)), "r"(parity) : "memory");
}

/** Waits for the first `count` threads of a block, whole warps, which all come here. */
template <u32 count> __device__ __forceinline__ void meet_first() { asm volatile("bar.sync 1, %0;" : : "n"(count) : "memory"); }

/** Copies the map's box at (x, y, z) beside the threads, zeros where it leaves the matrix; the barrier counts all of its bytes. */
__device__ __forceinline__ void copy_box(void* to, const TensorMap* map, u64* barrier, u32 x, u32 y, u32 z) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];"
               : : "r"(shared_address(to)), "l"(map), "r"(shared_address(barrier)), "r"(x), "r"(y), "r"(z) : "memory");
}

#define FOUR(f, i) f(i), f(i + 1), f(i + 2), f(i + 3)
#define SIXTEEN(f, i) FOUR(f, i), FOUR(f, i + 4), FOUR(f, i + 8), FOUR(f, i + 12)
#define SUM(i) "+f"(d[i])
#define SUMS SIXTEEN(SUM, 0), SIXTEEN(SUM, 16), SIXTEEN(SUM, 32), SIXTEEN(SUM, 48)

/** Before the first product, and between what else touches its sums and it. */
__device__ __forceinline__ void begin_products(float (&d)[64]) { asm volatile("wgmma.fence.sync.aligned;" : SUMS : : "memory"); }
/** Ends a group of products. */
__device__ __forceinline__ void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" : : : "memory"); }
/** Waits for this warp's products, but those of the last N groups. */
template <u32 N> __device__ __forceinline__ void wait_products() { asm volatile("wgmma.wait_group.sync.aligned %0;" : : "n"(N) : "memory"); }
/** Waits for all of them: then the sums can be read. */
__device__ __forceinline__ void finish_products(float (&d)[64]) { asm volatile("wgmma.wait_group.sync.aligned 0;" : SUMS : : "memory"); }

/**
 * d [64, 128] += a [64, 16] b [16, 128] by a warpgroup, beside its threads, of bf16 operands that `a` and `b` describe ("Matrix Descriptor");
 * an operand that `lies_across` has its rows (of a) or columns (of b) in lines, else its k. As the PTX manual has it ("Register Fragments and
 * Shared Memory Matrix Layouts", D of wgmma.m64nNk16): register i of lane l of warp w holds row 16 w + l / 4 + 8 (i / 2 % 2) and
 * column 8 (i / 4) + 2 (l % 4) + i % 2.
 */
template <bool a_lies_across, bool b_lies_across> __device__ __forceinline__ void multiply_warpgroup(float (&d)[64], u64 a, u64 b) {
  asm volatile(
      "{ .reg .pred add; setp.eq.u32 add, 0, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, "
      "%19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, "
      "%47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, %64, %65, add, 1, 1, %66, %67; }"
      : SUMS : "l"(a), "l"(b), "n"(a_lies_across ? 1 : 0), "n"(b_lies_across ? 1 : 0) : "memory");
}
#undef SUMS
#undef SUM
#undef SIXTEEN
#undef FOUR
