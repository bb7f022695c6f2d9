// What kernels may use, for clang without NVIDIA's headers: CUDA's words from the compiler's builtins, and thin names for
// the PTX instructions that C++ has no word for. emulator/device.h has the same names for a processor.
#pragma once
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
/** For lambdas: what they refer to stays in registers. */
#define INLINE __attribute__((always_inline))
#define __restrict__ __restrict
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __align__(n) __attribute__((aligned(n)))
typedef unsigned long size_t;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned short u16;
typedef unsigned char u8;

#define DIMENSIONS(Name, reg)                                                                    \
  struct Name {                                                                                  \
    __declspec(property(get = get_x)) unsigned x;                                                \
    __declspec(property(get = get_y)) unsigned y;                                                \
    __declspec(property(get = get_z)) unsigned z;                                                \
    __device__ static unsigned get_x() { return __nvvm_read_ptx_sreg_##reg##_x(); }              \
    __device__ static unsigned get_y() { return __nvvm_read_ptx_sreg_##reg##_y(); }              \
    __device__ static unsigned get_z() { return __nvvm_read_ptx_sreg_##reg##_z(); }              \
  };
DIMENSIONS(ThreadIndex, tid)
DIMENSIONS(BlockIndex, ctaid)
DIMENSIONS(BlockSize, ntid)
DIMENSIONS(GridSize, nctaid)
#define threadIdx (ThreadIndex{})
#define blockIdx (BlockIndex{})
#define blockDim (BlockSize{})
#define gridDim (GridSize{})

#define KERNEL extern "C" __global__ void
/** The shared memory that the launch asked for. */
#define SHARED_BYTES(name) extern __shared__ __align__(128) u8 name[]
/** Only the emulator has to be told what a kernel is. */
#define REGISTER(kernel)

#define __syncthreads() __nvvm_bar_sync(0)
__device__ __forceinline__ void __syncwarp() { __nvvm_bar_warp_sync(0xffffffffu); }
__device__ __forceinline__ float __shfl_xor_sync(u32 mask, float v, int by) { return __nvvm_shfl_sync_bfly_f32(mask, v, by, 31); }
__device__ __forceinline__ int __shfl_xor_sync(u32 mask, int v, int by) { return __nvvm_shfl_sync_bfly_i32(mask, v, by, 31); }
__device__ __forceinline__ float __shfl_sync(u32 mask, float v, int lane) { return __nvvm_shfl_sync_idx_f32(mask, v, lane, 31); }

/** Bit l: what lane l says. */
__device__ __forceinline__ u32 __ballot_sync(u32 mask, bool said) { return __nvvm_vote_ballot_sync(mask, said); }
/** The place of the lowest bit of x != 0. */
__device__ __forceinline__ u32 lowest_bit(u32 x) { return (u32)__builtin_ctz(x); }

__device__ __forceinline__ float d_fma(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
__device__ __forceinline__ float d_sqrt(float x) { return __nvvm_sqrt_rn_f(x); }
__device__ __forceinline__ float d_abs(float x) { return __nvvm_fabs_f(x); }
__device__ __forceinline__ float d_floor(float x) { return __nvvm_floor_f(x); }
__device__ __forceinline__ float d_ceil(float x) { return __nvvm_ceil_f(x); }
/** To the nearest integer, halves to the even one. */
__device__ __forceinline__ float d_nearest(float x) { float y; asm("cvt.rni.f32.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
__device__ __forceinline__ double d_nearest(double x) { double y; asm("cvt.rni.f64.f64 %0, %1;" : "=d"(y) : "d"(x)); return y; }
__device__ __forceinline__ double d_truncate(double x) { double y; asm("cvt.rzi.f64.f64 %0, %1;" : "=d"(y) : "d"(x)); return y; }
/** Towards zero; NaN is 0, and what is beyond 32 bits the nearest integer that is not. */
__device__ __forceinline__ int d_integer(float x) { int y; asm("cvt.rzi.s32.f32 %0, %1;" : "=r"(y) : "f"(x)); return y; }
__device__ __forceinline__ u32 bits_of(float x) { return __nvvm_bitcast_f2i(x); }
__device__ __forceinline__ float float_of(u32 x) { return __nvvm_bitcast_i2f(x); }
__device__ __forceinline__ u64 bits_of(double x) { return __nvvm_bitcast_d2ll(x); }
__device__ __forceinline__ double double_of(u64 x) { return __nvvm_bitcast_ll2d(x); }

__device__ __forceinline__ size_t __cvta_generic_to_shared(const void* p) { return (size_t)(__attribute__((address_space(3))) const void*)p; }

struct __align__(16) float4 { float x, y, z, w; };
struct __align__(16) uint4 { u32 x, y, z, w; };
struct __align__(8) uint2 { u32 x, y; };

// Turing has no bf16: f16 stands in for it there.
#if __CUDA_ARCH__ >= 800
/** Two halves in 32 bits, the first one below. */
__device__ __forceinline__ u32 pack_halves(float low, float high) { u32 r; asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low)); return r; }
/** The half in the low 16 bits. */
__device__ __forceinline__ float of_half(u32 bits) { return float_of(bits << 16); }
#else
__device__ __forceinline__ u32 pack_halves(float low, float high) {
  u32 r;
  asm("{ .reg .f16 a, b; cvt.rn.f16.f32 a, %1; cvt.rn.f16.f32 b, %2; mov.b32 %0, {a, b}; }" : "=r"(r) : "f"(low), "f"(high));
  return r;
}
__device__ __forceinline__ float of_half(u32 bits) {
  float y;
  asm("{ .reg .b16 h; cvt.u16.u32 h, %1; cvt.f32.f16 %0, h; }" : "=f"(y) : "r"(bits));
  return y;
}
#endif

/** The number at p before it was raised by one, or set to 0 if it was `last`. */
__device__ __forceinline__ u32 atomic_increment(u32* p, u32 last) {
  u32 before;
  asm volatile("atom.global.inc.u32 %0, [%1], %2;" : "=r"(before) : "l"(p), "r"(last) : "memory");
  return before;
}
/** What this thread wrote before is there for all blocks before what it writes after. */
__device__ __forceinline__ void fence_blocks() { asm volatile("membar.gl;" : : : "memory"); }

// Copies of 16 bytes into shared memory that run beside the threads; of the last bytes, only so many are read, and zeros are written for
// the others. Turing, which has none, copies at once.
#if __CUDA_ARCH__ >= 800
__device__ __forceinline__ void copy_async(void* to, const void* from, u32 bytes) {
  const u32 at = (u32)__cvta_generic_to_shared(to);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" : : "r"(at), "l"(from), "r"(bytes) : "memory");
}
/** Ends a group of copies. */
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" : : : "memory"); }
/** Waits for this thread's copies, but those of the last N groups. */
template <u32 N> __device__ __forceinline__ void wait_copies() { asm volatile("cp.async.wait_group %0;" : : "n"(N) : "memory"); }
#else
__device__ __forceinline__ void copy_async(void* to, const void* from, u32 bytes) {
  if (bytes == 16) { *(uint4*)to = *(const uint4*)from; return; }
  for (u32 i = 0; i < 8; i++) ((u16*)to)[i] = 2 * i < bytes ? ((const u16*)from)[i] : (u16)0;
}
__device__ __forceinline__ void commit_copies() {}
template <u32 N> __device__ __forceinline__ void wait_copies() {}
#endif

/** Four matrices of 8 x 8 halves: lanes 8 i to 8 i + 7 name the rows of matrix i; lane l gets elements (l / 4, l % 4 * 2 and + 1) of each. */
__device__ __forceinline__ void load_matrices(u32 (&r)[4], const void* row) {
  const u32 at = (u32)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
}

/** The same with each matrix transposed: lane l gets elements (l % 4 * 2 and + 1, l / 4). */
__device__ __forceinline__ void load_transposed(u32 (&r)[4], const void* row) {
  const u32 at = (u32)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
}

/**
 * c [16, 8] += a [16, 16] b [16, 8]. As the PTX manual has it ("Matrix Fragments for mma.m16n8k16", floating point): with g = lane / 4
 * and t = lane % 4, register i of a holds row g + 8 (i % 2), columns 2 t + 8 (i / 2) and the next one; register i of b rows
 * 2 t + 8 i and the next one, column g; c its row g + 8 (i / 2), column 2 t + i % 2. On Turing two products of k = 8.
 */
__device__ __forceinline__ void multiply_halves(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
#if __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(b0));
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[2]), "r"(a[3]), "r"(b1));
#endif
}
