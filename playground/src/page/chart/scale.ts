/** Round values within a range, at most `most` of them, for the ticks of an axis. */
export const ticksOf = (from: number, to: number, most: number): number[] => {
  const span = to - from;
  if (!(span > 0)) return [from];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step); i * step <= to * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
};
