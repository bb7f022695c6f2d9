/*
 * Runs in the reader's browser: draws the charts of the report with uPlot, in the colours of its theme, and keeps a live
 * page up to date. `pnpm generate` makes it, with what it imports, the string that the report holds.
 */
import type UPlot from "uplot";
import { tickLabels } from "./axis.ts";
import { type Chart, type ChartData, chartsOf } from "./charts.ts";

declare const uPlot: typeof UPlot;

const readData = (page: Document): ChartData => JSON.parse(page.getElementById("data")!.textContent!);
const style = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

let data = readData(document);
const place = document.getElementById("charts")!;
const axisSelect = document.getElementById("axis") as HTMLSelectElement;
const asked = location.hash.slice(1);
if (Array.from(axisSelect.options).some(({ value }) => value === asked)) axisSelect.value = asked;

const dark = matchMedia("(prefers-color-scheme: dark)");
const layOut = (): Chart[] => chartsOf(data, axisSelect.value, style, dark.matches);

/** A run's thin line comes and goes with its thick one. */
const togetherWithRaw =
  (lines: Chart["lines"]) =>
  (plot: UPlot, index: number | null, { show }: UPlot.Series) => {
    if (index === null || show === undefined || !lines[index - 1]?.raw || plot.series[index - 1]!.show === show) return;
    plot.setSeries(index - 1, { show });
  };

const drawChart = ({ wide, unit, lines, tables }: Chart, box: HTMLElement): UPlot => {
  const shared: UPlot.Axis = {
    stroke: style("--muted"),
    grid: { stroke: style("--line"), width: 1 },
    ticks: { stroke: style("--line"), width: 1 },
    values: (_, ticks) => tickLabels(ticks),
  };
  const options: UPlot.Options = {
    width: Math.max(240, box.clientWidth),
    height: wide ? 300 : 220,
    series: lines,
    scales: { x: { time: false } },
    axes: [
      { ...shared, label: unit, labelSize: 20, labelFont: "12px system-ui, sans-serif" },
      { ...shared, size: 56 },
    ],
    cursor: { sync: { key: "runs" }, points: { size: 6 } },
    hooks: { setSeries: [togetherWithRaw(lines)] },
  };
  const plot = new uPlot(options, uPlot.join(tables), box);
  plot.root.querySelectorAll<HTMLElement>(".u-series").forEach((row, i) => {
    row.hidden = Boolean(lines[i]!.raw);
  });
  return plot;
};

let plots: UPlot[] = [];
const draw = (): void => {
  place.replaceChildren();
  const charts = layOut();
  const boxes = charts.map(({ title, wide }) => {
    const box = document.createElement("figure");
    if (wide) box.className = "wide";
    box.append(Object.assign(document.createElement("figcaption"), { textContent: title }));
    place.append(box);
    return box;
  });
  // Only now do the boxes have the width of their column.
  plots = charts.map((chart, index) => drawChart(chart, boxes[index]!));
};

axisSelect.addEventListener("change", () => {
  history.replaceState(null, "", `#${axisSelect.value}`);
  draw();
});
dark.addEventListener("change", draw);
let timer: ReturnType<typeof setTimeout> | undefined;
let width = innerWidth;
addEventListener("resize", () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  }, 150);
});
draw();

/** Takes over what is new on the page without losing the reader's place. */
const update = async (): Promise<void> => {
  const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
  const parts = page.querySelectorAll(".live");
  document.querySelectorAll(".live").forEach((part, index) => {
    part.replaceWith(parts[index]!);
  });
  data = readData(page);
  const charts = layOut();
  const isSame =
    charts.length === plots.length &&
    charts.every(
      ({ unit, lines }, i) => lines.length === plots[i]!.series.length && unit === plots[i]!.series[0]!.label,
    );
  if (!isSame) return draw();
  const isZoomed = plots.some(({ data: [x], scales }) => scales.x!.min! > x[0]! || scales.x!.max! < x.at(-1)!);
  for (const [i, plot] of plots.entries()) plot.setData(uPlot.join(charts[i]!.tables), !isZoomed);
};

const seconds = Number(document.body.dataset.seconds ?? 0);
const state = document.getElementById("state")!;
const keepUp = () =>
  update().then(
    () => {
      state.textContent = `live, as of ${new Date().toLocaleTimeString()}`;
    },
    () => {
      state.textContent = "cramkit watch has stopped; this page no longer updates";
    },
  );
if (seconds) setInterval(keepUp, 1000 * seconds);
