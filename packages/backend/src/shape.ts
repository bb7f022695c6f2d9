/** How many elements there are. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How far one step along each axis goes, in elements. */
export const stridesOf = (shape: readonly number[]): number[] => shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
