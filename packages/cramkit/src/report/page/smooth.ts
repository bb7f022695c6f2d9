/** Means over a window that shrinks towards the ends, so that the line neither lags nor starts late. Gaps stay gaps. */
export const smooth = (values: readonly (number | null)[]): (number | null)[] => {
  const at = values.flatMap((value, index) => (value === null ? [] : [index]));
  const sums = [0];
  for (const index of at) sums.push(sums.at(-1)! + values[index]!);
  const out: (number | null)[] = values.map(() => null);
  const most = Math.ceil(at.length / 50);
  at.forEach((index, i) => {
    const width = Math.min(most, i, at.length - 1 - i);
    out[index] = (sums[i + width + 1]! - sums[i - width]!) / (2 * width + 1);
  });
  return out;
};
