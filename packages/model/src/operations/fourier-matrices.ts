import { tableOnce } from "../tables.ts";

/** The real and imaginary parts of the orthonormal discrete Fourier transform of `n` points, each `[n, n]` and symmetric. */
export const fourierMatrices = (n: number): { real: Float32Array; imaginary: Float32Array } => {
  const matrix = (part: (angle: number) => number) => () =>
    Float32Array.from({ length: n * n }, (_, at) => {
      const turns = (Math.floor(at / n) * (at % n)) % n; // exact, however large n is
      return part((-2 * Math.PI * turns) / n) / Math.sqrt(n);
    });
  return {
    real: tableOnce(`fourier real ${n}`, matrix(Math.cos)),
    imaginary: tableOnce(`fourier imaginary ${n}`, matrix(Math.sin)),
  };
};

/**
 * The orthonormal 2-D Fourier transform of rows `[heads * size]` as a matrix `[heads * size, 2 * heads * size]`, whose columns
 * are real and imaginary parts by turns.
 */
export const headSpectrum = (heads: number, size: number): Float32Array => {
  const width = heads * size;
  return tableOnce(`head spectrum ${heads} ${size}`, () =>
    Float32Array.from({ length: 2 * width * width }, (_, at) => {
      const [from, to] = [Math.floor(at / (2 * width)), Math.floor((at % (2 * width)) / 2)];
      const overHeads = (Math.floor(from / size) * Math.floor(to / size)) / heads;
      const angle = -2 * Math.PI * (overHeads + ((from % size) * (to % size)) / size);
      return (at % 2 === 0 ? Math.cos(angle) : Math.sin(angle)) / Math.sqrt(width);
    }),
  );
};
