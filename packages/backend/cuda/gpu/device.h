// What kernels may use, for clang without NVIDIA's headers: CUDA's words from the compiler's builtins, and thin names for
// the PTX instructions that C++ has no word for. emulator/device.h has the same names for a processor.
#pragma once
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __launch_bounds__(n) __attribute__((launch_bounds(n)))
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
