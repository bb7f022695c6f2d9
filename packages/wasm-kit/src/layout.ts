// How a kernel is called and how it packs matrices. TypeScript and AssemblyScript both read this very file, so it holds
// whole numbers only.

/**
 * The number of this layout. Raise it with every change of a number below, of what `assembly/` does with memory that a
 * caller sized, or of a kernel's signature: a module that was compiled for another layout is refused, if it would
 * otherwise write over somebody's tensors.
 */
export const LAYOUT = 3;

/** Integers and addresses of a call, 4 bytes each. */
export const INTS = 32;
/** float32 numbers of a call, after the integers. */
export const FLOATS = 16;
/** Bytes from the parameters of a call to its floats. */
export const FLOATS_AT = 128;

/** Rows of a packed panel of A. */
export const MR = 6;
/** Columns of a packed panel of B. */
export const NR = 8;
/** Steps of the contracted axis that are packed at a time. */
export const KC = 256;
/** Bytes of a tile at the edge, at the start of a thread's packing space. */
export const TILE_BYTES = 256;
