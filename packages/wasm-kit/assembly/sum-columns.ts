/** y[n] = the sum of the rows of x. */
export function sumColumns(x: usize, y: usize, rows: i32, n: i32): void {
  const bytes = <usize>n << 2;
  memory.fill(y, 0, bytes);
  for (let row = 0; row < rows; row++) {
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(y + i, f32x4.add(v128.load(y + i), v128.load(x + i)));
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(y + i) + load<f32>(x + i));
    x += bytes;
  }
}
