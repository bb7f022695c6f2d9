import { hueColour } from "../page/colour.ts";
import type { Band } from "./curves.ts";
import { labelledTicks, place, svgDocument, svgText } from "./svg.ts";

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly { readonly name: string; readonly band: Band }[];
}

const [panelWidth, panelHeight, left, top, gap, legendLine] = [360, 260, 48, 34, 62, 15];

/** Colours that print well, then as many more as there are lines. */
const printed = ["#0b6bcb", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#be185d"];
export const printedColour = (index: number): string => printed[index] ?? hueColour(index, false);
const dashes = ["", "6 3", "2 2", "8 3 2 3"];

/** Lines beyond these colours are told apart by their dashes, too. */
const lineStyle = (index: number): string => {
  const dash = dashes[Math.floor(index / 12) % dashes.length]!;
  return `stroke="${printedColour(index)}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
};

/**
 * Lines with the spread of what they are the mean of, in two panels, as in figure 1 of the study: the whole, and the second half of
 * the horizontal axis with a vertical one of its own. A complete SVG document.
 */
export const lineChartSvg = ({ title, xLabel, yLabel, lines }: LineChart): string => {
  const drawn = lines.map((line, index) => ({ ...line, index })).filter(({ band }) => band.x.length > 0);
  const last = Math.max(0, ...drawn.map(({ band }) => band.x.at(-1)!));
  const width = 2 * panelWidth + left + gap + 14;
  const columns = 3;
  const legendRows = Math.ceil(lines.length / columns);
  const height = top + panelHeight + 46 + legendLine * legendRows + 8;
  const panels = [
    panel(drawn, {
      x: left,
      from: Math.min(last, ...drawn.map(({ band }) => band.x[0]!)),
      to: last,
      xLabel,
      yLabel,
      id: "whole",
    }),
    panel(drawn, {
      x: left + panelWidth + gap,
      from: last / 2,
      to: last,
      xLabel: `${xLabel}, second half`,
      yLabel: "",
      id: "half",
    }),
  ];
  const legend = lines.map(({ name }, index) => {
    const x = left + ((index % columns) * (width - left)) / columns;
    const y = top + panelHeight + 50 + legendLine * Math.floor(index / columns);
    const text = name.length > 44 ? `${name.slice(0, 43)}\u2026` : name;
    return `<path d="M${place(x)} ${place(y - 4)}h18" ${lineStyle(index)} stroke-width="2"/><text x="${place(x + 23)}" y="${place(y)}">${svgText(text)}</text>`;
  });
  return svgDocument(title, { width, height }, [
    `<text x="${left}" y="18" font-size="13" font-weight="bold">${svgText(title)}</text>`,
    ...panels,
    ...legend,
  ]);
};

interface Panel {
  readonly x: number;
  readonly from: number;
  readonly to: number;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly id: string;
}

const panel = (
  lines: readonly { readonly name: string; readonly band: Band; readonly index: number }[],
  { x: offset, from, to, xLabel, yLabel, id }: Panel,
): string => {
  const inside = lines.flatMap(({ band }) =>
    band.x.flatMap((x, i) => (x >= from ? [band.low[i]!, band.high[i]!] : [])),
  );
  if (inside.length === 0 || !(to > from)) return "";
  // The first steps fall from the loss of a guess: they would press all else together.
  const [low, high] = [Math.min(...inside), Math.max(...inside)];
  const margin = (high - low || 1) * 0.04;
  const range = { low: low - margin, high: high + margin };
  const px = (x: number) => offset + ((x - from) / (to - from)) * panelWidth;
  const py = (y: number) => top + (1 - (y - range.low) / (range.high - range.low)) * panelHeight;
  const grid = [
    ...labelledTicks(range.low, range.high, 6).map(
      ([tick, label]) =>
        `<path d="M${place(offset)} ${place(py(tick))}h${panelWidth}" stroke="#ddd"/><text x="${offset - 5}" y="${place(py(tick) + 4)}" text-anchor="end">${label}</text>`,
    ),
    ...labelledTicks(from, to, 5).map(
      ([tick, label]) =>
        `<text x="${place(px(tick))}" y="${top + panelHeight + 15}" text-anchor="middle">${label}</text>`,
    ),
  ];
  const shapes = lines.map(({ name, band, index }) => {
    const at = band.x.flatMap((x, i) => (x >= from ? [i] : []));
    const points = (values: readonly number[], order: readonly number[]) =>
      order.map((i) => `${place(px(band.x[i]!))} ${place(py(values[i]!))}`).join("L");
    const spread = at.some((i) => band.high[i]! > band.low[i]!)
      ? `<path d="M${points(band.high, at)}L${points(band.low, at.toReversed())}Z" fill="${printedColour(index)}" fill-opacity="0.15" stroke="none"/>`
      : "";
    return `<g><title>${svgText(name)}</title>${spread}<path d="M${points(band.mean, at)}" fill="none" ${lineStyle(index)} stroke-width="1.5"/></g>`;
  });
  return [
    `<clipPath id="${id}"><rect x="${offset}" y="${top}" width="${panelWidth}" height="${panelHeight}"/></clipPath>`,
    ...grid,
    `<g clip-path="url(#${id})">${shapes.join("\n")}</g>`,
    `<rect x="${offset}" y="${top}" width="${panelWidth}" height="${panelHeight}" fill="none" stroke="#999"/>`,
    `<text x="${offset + panelWidth / 2}" y="${top + panelHeight + 31}" text-anchor="middle">${svgText(xLabel)}</text>`,
    ...(yLabel
      ? [
          `<text transform="translate(12 ${top + panelHeight / 2}) rotate(-90)" text-anchor="middle">${svgText(yLabel)}</text>`,
        ]
      : []),
  ].join("\n");
};
