// One launch for many tensors: a list of entries in device memory, each with the number of its first block. A block finds its entry by halving.
#pragma once
#include "device.h"

template <class Entry> __device__ __forceinline__ const Entry& entry_of(const Entry* list, u32 count, u32 block) {
  u32 low = 0, high = count - 1;
  while (low < high) {
    const u32 middle = (low + high + 1) / 2;
    if (list[middle].first_block <= block) low = middle; else high = middle - 1;
  }
  return list[low];
}
