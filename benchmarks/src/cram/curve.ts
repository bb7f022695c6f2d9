const [columns, height] = [64, 12];

/** Points of (tokens, value) as a picture in text, with means of what falls together; nothing of fewer than two. */
export const curve = (title: string, points: readonly (readonly number[])[]): string => {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2 || last[0] === first[0]) return "";
  const bins = Array.from({ length: columns }, () => ({ sum: 0, count: 0 }));
  for (const [tokens, value] of points) {
    const at = Math.min(columns - 1, Math.floor(((tokens! - first[0]!) / (last[0]! - first[0]!)) * columns));
    bins[at]!.sum += value!;
    bins[at]!.count++;
  }
  const means = bins.map(({ sum, count }) => (count > 0 ? sum / count : undefined));
  const there = means.filter((mean) => mean !== undefined);
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const levelOf = (mean: number) => (high > low ? Math.round(((mean - low) / (high - low)) * (height - 1)) : 0);
  const lines = Array.from({ length: height }, (_, i) => {
    const level = height - 1 - i;
    const label = (level === height - 1 ? high : level === 0 ? low : Number.NaN).toFixed(3).replace("NaN", "");
    const marks = means.map((mean) => (mean !== undefined && levelOf(mean) === level ? "*" : " ")).join("");
    return `${label.padStart(8)} |${marks.trimEnd()}`;
  });
  const millions = (tokens: number) =>
    last[0]! < 1e6 ? `${(tokens / 1e3).toFixed(1)} k tokens` : `${(tokens / 1e6).toFixed(2)} M tokens`;
  const axis = `${" ".repeat(10)}${millions(first[0]!)}${millions(last[0]!).padStart(columns - millions(first[0]!).length)}`;
  return [`${title}, ${last[1]!.toFixed(3)} in the end:`, "", "```text", ...lines, axis, "```"].join("\n");
};
