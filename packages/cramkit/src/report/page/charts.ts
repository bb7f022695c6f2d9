import type uPlot from "uplot";
import type { chartData } from "../series.ts";
import { short, unitOf } from "./axis.ts";
import { runColour } from "./colour.ts";
import { smooth } from "./smooth.ts";

export type ChartData = ReturnType<typeof chartData>;
type Column = readonly (number | null)[];

/** `raw` marks the thin line as measured, which comes and goes with the thick one after it. */
type Line = uPlot.Series & { raw?: boolean };

/** One chart with its lines against the chosen axis. */
export interface Chart {
  readonly title: string;
  readonly wide: boolean;
  readonly unit: string;
  readonly lines: Line[];
  /** A pair of columns, x and y, for each line; the page joins them. */
  readonly tables: uPlot.AlignedData[];
}

/** With more runs than this the lines as measured would hide the averaged ones. */
const mostRaw = 6;

/**
 * What every chart shows against an axis. `style` reads a custom property of the page's theme, which may be a dark one. Of several
 * runs the wide charts show their second half once more, where the runs come apart.
 */
export const chartsOf = (
  { charts, runs }: ChartData,
  axis: string,
  style: (name: string) => string,
  isDark = false,
): Chart[] => {
  const column = (run: ChartData["runs"][number], name: string | undefined): Column | undefined =>
    name === undefined ? undefined : (run[name] as Column | undefined);
  const xs = (run: ChartData["runs"][number]) => column(run, axis)!;
  const last = Math.max(...runs.map((run) => Math.max(0, ...xs(run).filter((x) => x !== null))));
  const [scale, unit] = unitOf(axis, last);

  return charts.flatMap(({ column: name, title, averaged, measured, wide = false }): Chart[] => {
    const tables: uPlot.AlignedData[] = [];
    const lines: Line[] = [{ label: unit, value: (_, x) => short(x) }];
    const add = (run: ChartData["runs"][number], values: Column, line: Line) => {
      const keep = values.flatMap((value, index) => (value === null || xs(run)[index] === null ? [] : [index]));
      if (keep.length === 0) return;
      tables.push([keep.map((i) => xs(run)[i]! / scale), keep.map((i) => values[i]!)]);
      lines.push({ spanGaps: true, points: { show: false }, value: (_, y) => short(y), ...line });
    };
    runs.forEach((run, index) => {
      const color = runColour(run.group ?? index, style, isDark);
      const runName = runs.length > 1 ? run.name : "";
      const values = column(run, name);
      if (values && averaged && runs.length <= mostRaw) add(run, values, { stroke: `${color}55`, width: 1, raw: true });
      if (values) {
        const label = runName || (measured ? "training" : title);
        add(run, averaged ? smooth(values) : values, { label, stroke: color, width: 2 });
      }
      const heldOut = column(run, measured);
      if (!heldOut) return;
      const stroke = runs.length > 1 ? color : style("--run-1");
      const points = { show: true, size: 6, stroke, fill: style("--ground") };
      const label = `${runName ? `${runName}, ` : ""}held out`;
      add(run, heldOut, { label, stroke, width: 1.5, dash: [6, 4], points });
    });
    if (tables.length === 0) return [];
    const whole: Chart = { title, wide, unit, lines, tables };
    const half = wide && runs.length > 1 ? secondHalf(whole) : undefined;
    return half ? [whole, half] : [whole];
  });
};

/** A chart of the second half of the horizontal axis; undefined if a line has no point there. */
const secondHalf = (chart: Chart): Chart | undefined => {
  const middle = Math.max(...chart.tables.map(([xs]) => xs.at(-1) ?? 0)) / 2;
  const tables = chart.tables.map(([xs, ys]): uPlot.AlignedData => {
    const from = (xs as readonly number[]).findIndex((x) => x >= middle);
    return from < 0 ? [[], []] : [xs.slice(from) as number[], ys!.slice(from) as number[]];
  });
  const isEmpty = tables.every(([xs]) => xs.length < 2);
  return isEmpty ? undefined : { ...chart, title: `${chart.title}, second half`, tables };
};
