#include "elementwise.h"

/** Where each element of a box comes from and goes to: places in elements, strides of either sign. */
struct Movement {
  int rank;
  u32 lengths[MAX_AXES];
  int from[MAX_AXES];
  int to[MAX_AXES];
  int from_start;
  int to_start;
};

/** Slices, transposes, tiles, pads, reverses, concatenates and splits: words of any type from strided places to others. */
KERNEL move(const u32* x, u32* y, u32 n, Movement box) {
  u32 index = global_index();
  if (index >= n) return;
  int from = box.from_start, to = box.to_start;
  _Pragma("unroll") for (int axis = MAX_AXES - 1; axis >= 0; axis--) {
    if (axis >= box.rank) continue;
    const u32 rest = index / box.lengths[axis];
    const int here = (int)(index - rest * box.lengths[axis]);
    from += here * box.from[axis];
    to += here * box.to[axis];
    index = rest;
  }
  y[to] = x[from];
}
REGISTER(move)

KERNEL fill(u32* y, u32 n, u32 word) {
  const u32 i = global_index();
  if (i < n) y[i] = word;
}
REGISTER(fill)

/** y [batch, outer, count, inner] = x [batch, outer, length, inner] at ids [batch, count]; zeros for an id out of range. */
KERNEL gather(const u32* x, const int* ids, u32* y, u32 n, u32 outer, u32 count, u32 length, u32 inner) {
  const u32 i = global_index();
  if (i >= n) return;
  const u32 at = i % inner, row = i / inner, pick = row % count, before = row / count, batch = before / outer;
  const int id = ids[batch * count + pick];
  y[i] = id >= 0 && (u32)id < length ? x[(before * length + id) * inner + at] : 0;
}
REGISTER(gather)

/** At most so many axes are indexed by gather_nd and scatter_nd. */
constexpr int MAX_INDEXED = 6;
struct Indexed { int depth; u32 lengths[MAX_INDEXED]; };

/** The row that an index names, or -1 if it names none. */
__device__ __forceinline__ int row_of(const int* index, const Indexed& axes) {
  int row = 0;
  bool valid = true;
  _Pragma("unroll") for (int axis = 0; axis < MAX_INDEXED; axis++) {
    if (axis >= axes.depth) continue;
    const int id = index[axis];
    valid = valid && id >= 0 && (u32)id < axes.lengths[axis];
    row = row * (int)axes.lengths[axis] + id;
  }
  return valid ? row : -1;
}

/** y [count, inner] = the rows of x that ids [count, depth] name. */
KERNEL gather_nd(const u32* x, const int* ids, u32* y, u32 n, u32 inner, Indexed axes) {
  const u32 i = global_index();
  if (i >= n) return;
  const int row = row_of(ids + (size_t)(i / inner) * axes.depth, axes);
  y[i] = row < 0 ? 0 : x[(u32)row * inner + i % inner];
}
REGISTER(gather_nd)

/**
 * y [rows, inner] = the sums of the rows of x [count, inner] that ids [count, depth] send there, in their order: no atomic
 * additions, so the sums repeat to the last bit. Each element looks through all ids.
 */
#define SCATTER(suffix, T)                                                                                            \
  KERNEL scatter_nd_##suffix(const T* x, const int* ids, T* y, u32 n, u32 inner, u32 count, Indexed axes) {            \
    const u32 i = global_index();                                                                                     \
    if (i >= n) return;                                                                                               \
    const int row = (int)(i / inner);                                                                                 \
    T sum = 0;                                                                                                        \
    for (u32 k = 0; k < count; k++)                                                                                   \
      if (row_of(ids + (size_t)k * axes.depth, axes) == row) sum += x[(size_t)k * inner + i % inner];                 \
    y[i] = sum;                                                                                                       \
  }                                                                                                                   \
  REGISTER(scatter_nd_##suffix)
SCATTER(f, float)
SCATTER(i, int)

/** y [count, depth] = on if the column is the id, else off; the words of `on` and `off` are of the result's type. */
KERNEL one_hot(const int* ids, u32* y, u32 n, u32 depth, u32 on, u32 off) {
  const u32 i = global_index();
  if (i < n) y[i] = ids[i / depth] == (int)(i % depth) ? on : off;
}
REGISTER(one_hot)
