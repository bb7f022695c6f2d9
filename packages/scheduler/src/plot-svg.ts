import { checkOptions, fault } from "@cramkit/errors";
import { axisLabel, largestValue, type PlotRange, sampleCurve } from "./samples.ts";

export interface SvgPlotOptions extends PlotRange {
  /**
   * Pixels.
   * @defaultValue `640`
   */
  width?: number;
  /** @defaultValue `280` */
  height?: number;
  /** @defaultValue no title */
  title?: string;
  /**
   * What the horizontal axis counts.
   * @defaultValue `"fraction of the budget"`
   */
  axis?: string;
}

const colours = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e"];
const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeText = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character]!);
const shown = (value: number) => String(Number(value.toFixed(2)));

/** One or more named curves as a complete SVG document, drawn from 0 to the largest value of all. */
export const plotSvg = (curves: Record<string, (position: number) => number>, options: SvgPlotOptions = {}): string => {
  checkOptions("plotSvg", options, { width: true, height: true, title: true, axis: true, end: true });
  const { width = 640, height = 280, end = 1, title, axis = "fraction of the budget" } = options;
  const names = Object.keys(curves);
  if (names.length === 0)
    throw fault({
      code: "invalid-argument",
      place: "plotSvg",
      problem: "expected at least one curve, got none",
      type: RangeError,
    });
  const box = { left: 52, right: 12, top: title ? 30 : 12, bottom: 40 };
  const inner = { width: width - box.left - box.right, height: height - box.top - box.bottom };
  const samples = names.map((name) => sampleCurve("plotSvg", curves[name]!, Math.max(2, Math.round(inner.width)), end));
  const top = Math.max(...names.map((name) => largestValue(curves[name]!, end)));
  const x = (share: number) => shown(box.left + share * inner.width);
  const y = (share: number) => shown(box.top + (1 - share) * inner.height);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const grid = ticks.flatMap((tick) => [
    `<path class="grid" d="M${x(0)} ${y(tick)}H${x(1)}"/>`,
    `<text text-anchor="end" x="${box.left - 6}" y="${y(tick)}" dy="0.32em">${axisLabel(tick * top)}</text>`,
    `<text text-anchor="middle" x="${x(tick)}" y="${height - box.bottom + 16}">${axisLabel(tick * end)}</text>`,
  ]);
  const lines = samples.map((values, i) => {
    const points = values.map((value, at) => `${x(at / (values.length - 1))} ${y(Math.max(0, value) / top)}`).join("L");
    return `<path fill="none" stroke="${colours[i % colours.length]}" stroke-width="2" d="M${points}"/>`;
  });
  const legend = names.map(
    (name, i) =>
      `<text fill="${colours[i % colours.length]}" x="${box.left + 10}" y="${box.top + 16 + 15 * i}">${escapeText(name)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    "<style>text:not([fill]){fill:#6b7280}.grid{stroke:#6b7280;stroke-opacity:.25}</style>",
    ...(title ? [`<text x="${box.left}" y="18" font-weight="bold">${escapeText(title)}</text>`] : []),
    ...grid,
    ...lines,
    ...(names.length > 1 ? legend : []),
    `<text text-anchor="middle" x="${x(0.5)}" y="${height - 8}">${escapeText(axis)}</text>`,
    "</svg>",
    "",
  ].join("\n");
};
