// Tensors exist as float32, as halves (bf16; f16 on Turing), or as both. Kernels that are told which read and write either, W elements
// at a time: four where a row's length is a multiple of four, else one.
#pragma once
#include "functions.h"

template <u32 W> __device__ __forceinline__ void load(float (&v)[W], const void* x, size_t i, bool half) {
  if constexpr (W == 4) {
    if (half) {
      const uint2 pairs = *(const uint2*)((const u16*)x + i);
      v[0] = of_half(pairs.x & 0xffff); v[1] = of_half(pairs.x >> 16);
      v[2] = of_half(pairs.y & 0xffff); v[3] = of_half(pairs.y >> 16);
    } else {
      const float4 all = *(const float4*)((const float*)x + i);
      v[0] = all.x; v[1] = all.y; v[2] = all.z; v[3] = all.w;
    }
  } else {
    v[0] = half ? of_half(((const u16*)x)[i]) : ((const float*)x)[i];
  }
}

template <u32 W> __device__ __forceinline__ void store(void* y, size_t i, const float (&v)[W], bool half) {
  if constexpr (W == 4) {
    if (half) *(uint2*)((u16*)y + i) = uint2{pack_halves(v[0], v[1]), pack_halves(v[2], v[3])};
    else *(float4*)((float*)y + i) = float4{v[0], v[1], v[2], v[3]};
  } else {
    if (half) ((u16*)y)[i] = (u16)pack_halves(v[0], 0.0f);
    else ((float*)y)[i] = v[0];
  }
}

/** A kernel of both widths, from a function template of that name: `name_1` and `name_4`. */
#define OF_WIDTHS(name, parameters, arguments)                        \
  KERNEL name##_1 parameters { name<1> arguments; }                   \
  REGISTER(name##_1)                                                  \
  KERNEL name##_4 parameters { name<4> arguments; }                   \
  REGISTER(name##_4)
