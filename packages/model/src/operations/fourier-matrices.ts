/** The real and imaginary parts of the orthonormal discrete Fourier transform of `n` points, each `[n, n]` and symmetric. */
export function fourierMatrices(n: number): { real: Float32Array; imaginary: Float32Array } {
  const real = new Float32Array(n * n);
  const imaginary = new Float32Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const angle = (-2 * Math.PI * ((row * column) % n)) / n;
      real[row * n + column] = Math.cos(angle) / Math.sqrt(n);
      imaginary[row * n + column] = Math.sin(angle) / Math.sqrt(n);
    }
  }
  return { real, imaginary };
}
