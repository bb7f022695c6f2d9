import { checkOptions } from "@cramkit/errors";
import { checkCount } from "./check.ts";
import { axisLabel, largestValue, type PlotRange, sampleCurve } from "./samples.ts";

export interface TextPlotOptions extends PlotRange {
  /**
   * Characters of the plot itself, without the axis.
   * @defaultValue `60`
   */
  width?: number;
  /** @defaultValue `10` */
  height?: number;
  /** @defaultValue no title */
  title?: string;
}

// A braille character is a grid of 2 x 4 dots; these are the bits of its left and right column, from the top.
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** A curve as lines of text, drawn with braille dots from 0 to its largest value. */
export const plotText = (curve: (position: number) => number, options: TextPlotOptions = {}): string => {
  checkOptions("plotText", options, { width: true, height: true, title: true, end: true });
  const { width = 60, height = 10, end = 1, title } = options;
  checkCount("plotText", "height", height);
  const values = sampleCurve("plotText", curve, width * 2, end);
  const top = largestValue(curve, end);
  const rows = height * 4;
  const rowOf = (value: number) => rows - 1 - Math.round(((rows - 1) * Math.max(0, value)) / top);
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  values.forEach((value, x) => {
    // A steep part is drawn as a line down to its neighbour, not as dots with holes between them.
    const row = rowOf(value);
    const before = x > 0 ? rowOf(values[x - 1]!) : row;
    const step = Math.sign(before - row);
    for (let y = row; y === row || (y - before) * step < 0; y += step) {
      cells[y >> 2]![x >> 1]! |= dots[x & 1]![y & 3]!;
      if (step === 0) break;
    }
  });
  const labels = cells.map((_, i) => (i === 0 ? axisLabel(top) : i === height - 1 ? "0" : ""));
  const margin = Math.max(...labels.map((label) => label.length));
  const lines = cells.map((row, i) => {
    const text = Array.from(row, (bits) => String.fromCharCode(0x2800 + bits)).join("");
    return `${labels[i]!.padStart(margin)} \u2502${text}`;
  });
  const last = axisLabel(end);
  const axis = [
    `${" ".repeat(margin)} \u2514${"\u2500".repeat(width)}`,
    `${" ".repeat(margin + 2)}0${last.padStart(width - 1)}`,
  ];
  return [...(title ? [title] : []), ...lines, ...axis].join("\n");
};
