import { tableOnce } from "../tables.ts";

/** The real and imaginary parts of the orthonormal discrete Fourier transform of `n` points, each `[n, n]` and symmetric. */
export function fourierMatrices(n: number): { real: Float32Array; imaginary: Float32Array } {
  const matrix = (part: (angle: number) => number) => () =>
    Float32Array.from({ length: n * n }, (_, at) => {
      const turns = (Math.floor(at / n) * (at % n)) % n; // exact, however large n is
      return part((-2 * Math.PI * turns) / n) / Math.sqrt(n);
    });
  return {
    real: tableOnce(`fourier real ${n}`, matrix(Math.cos)),
    imaginary: tableOnce(`fourier imaginary ${n}`, matrix(Math.sin)),
  };
}
