import { short } from "../page/axis.ts";
import { printedColour } from "./line-chart.ts";
import { labelledTicks, place, svgDocument, svgText } from "./svg.ts";

export interface ScoreChart {
  readonly title: string;
  readonly yLabel: string;
  /** Name of the setting on the horizontal axis, if it is a number; else every point is a row with its label. @defaultValue a row each */
  readonly xLabel?: string;
  /** A point for each variant, with a value for each seed. */
  readonly points: readonly { readonly label: string; readonly x?: number; readonly values: readonly number[] }[];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A score against a setting, or by variant: each seed a small dot, their mean a large one, their range a line. A complete SVG document. */
export const scoreChartSvg = (chart: ScoreChart): string => {
  const points = chart.points.filter(({ values }) => values.length > 0);
  const isNumeric = chart.xLabel !== undefined && points.every(({ x }) => x !== undefined);
  return isNumeric && points.length > 0 ? againstNumber({ ...chart, points }) : byRow({ ...chart, points });
};

const rangeOf = (points: ScoreChart["points"]): { low: number; high: number } => {
  const all = points.flatMap(({ values }) => values);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const margin = (high - low || Math.abs(high) || 1) * 0.08;
  return { low: low - margin, high: high + margin };
};

/** A setting as it is written: 4096, not 4.1K; in three digits only if it is long. */
const settingLabel = (value: number): string => (`${value}`.length <= 6 ? `${value}` : short(value));

const againstNumber = ({ title, xLabel, yLabel, points }: ScoreChart): string => {
  const [width, height, left, top, right, bottom] = [480, 320, 56, 34, 14, 46];
  const inner = { width: width - left - right, height: height - top - bottom };
  const sorted = points.toSorted((a, b) => a.x! - b.x!);
  const [first, last] = [sorted[0]!.x!, sorted.at(-1)!.x!];
  const isLog = first > 0 && last / first >= 8;
  const scale = (x: number) => (isLog ? Math.log(x) : x);
  const span = scale(last) - scale(first) || 1;
  const { low, high } = rangeOf(points);
  const px = (x: number) => left + 14 + ((scale(x) - scale(first)) / span) * (inner.width - 28);
  const py = (y: number) => top + (1 - (y - low) / (high - low)) * inner.height;
  return svgDocument(title, { width, height }, [
    `<text x="${left}" y="18" font-size="13" font-weight="bold">${svgText(title)}</text>`,
    ...labelledTicks(low, high, 6).map(
      ([tick, label]) =>
        `<path d="M${left} ${place(py(tick))}h${inner.width}" stroke="#ddd"/><text x="${left - 5}" y="${place(py(tick) + 4)}" text-anchor="end">${label}</text>`,
    ),
    ...sorted.map(
      ({ x }) =>
        `<text x="${place(px(x!))}" y="${height - bottom + 15}" text-anchor="middle">${settingLabel(x!)}</text>`,
    ),
    `<path d="M${sorted.map(({ x, values }) => `${place(px(x!))} ${place(py(mean(values)))}`).join("L")}" fill="none" stroke="${printedColour(0)}"/>`,
    ...sorted.map(({ x, values, label }) => marks(label, values, (y) => [px(x!), py(y)], 0)),
    `<rect x="${left}" y="${top}" width="${inner.width}" height="${inner.height}" fill="none" stroke="#999"/>`,
    `<text x="${left + inner.width / 2}" y="${height - 10}" text-anchor="middle">${svgText(`${xLabel}${isLog ? " (logarithmic)" : ""}`)}</text>`,
    `<text transform="translate(13 ${top + inner.height / 2}) rotate(-90)" text-anchor="middle">${svgText(yLabel)}</text>`,
  ]);
};

const byRow = ({ title, yLabel, points }: ScoreChart): string => {
  const [width, left, top, right, bottom, line] = [640, 250, 34, 14, 40, 22];
  const height = top + line * Math.max(1, points.length) + bottom;
  const inner = { width: width - left - right, height: height - top - bottom };
  if (points.length === 0)
    return svgDocument(title, { width, height }, [`<text x="20" y="18">${svgText(title)}: no score</text>`]);
  const { low, high } = rangeOf(points);
  const px = (value: number) => left + ((value - low) / (high - low)) * inner.width;
  const py = (row: number) => top + line * (row + 0.5);
  return svgDocument(title, { width, height }, [
    `<text x="20" y="18" font-size="13" font-weight="bold">${svgText(title)}</text>`,
    ...labelledTicks(low, high, 6).map(
      ([tick, label]) =>
        `<path d="M${place(px(tick))} ${top}v${inner.height}" stroke="#ddd"/><text x="${place(px(tick))}" y="${height - bottom + 15}" text-anchor="middle">${label}</text>`,
    ),
    ...points.map(({ label, values }, row) => {
      const text = label.length > 42 ? `${label.slice(0, 41)}\u2026` : label;
      return `<text x="${left - 8}" y="${place(py(row) + 4)}" text-anchor="end">${svgText(text)}</text>${marks(label, values, (value) => [px(value), py(row)], row)}`;
    }),
    `<rect x="${left}" y="${top}" width="${inner.width}" height="${inner.height}" fill="none" stroke="#999"/>`,
    `<text x="${left + inner.width / 2}" y="${height - 8}" text-anchor="middle">${svgText(yLabel)}</text>`,
  ]);
};

const marks = (
  label: string,
  values: readonly number[],
  at: (value: number) => readonly [number, number],
  index: number,
): string => {
  const colour = printedColour(index);
  const [lowest, highest, middle] = [at(Math.min(...values)), at(Math.max(...values)), at(mean(values))];
  const dots = values.length > 1 ? values.map((value) => dot(at(value), 2, `fill="${colour}" fill-opacity="0.5"`)) : [];
  const range = `<path d="M${lowest.map(place).join(" ")}L${highest.map(place).join(" ")}" stroke="${colour}" stroke-width="2"/>`;
  return `<g><title>${svgText(`${label}: ${values.map((value) => short(value)).join(", ")}`)}</title>${values.length > 1 ? range : ""}${dots.join("")}${dot(middle, 4, `fill="${colour}"`)}</g>`;
};

const dot = ([x, y]: readonly [number, number], radius: number, style: string): string =>
  `<circle cx="${place(x)}" cy="${place(y)}" r="${radius}" ${style}/>`;
