import { type Html, html, raw } from "../html.ts";
import { lineColour } from "./style.ts";

export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** @defaultValue points are not marked */
  readonly dots?: boolean;
}

export interface PlotOptions {
  readonly axis: string;
  /** Of both axes. @defaultValue those of the points */
  readonly bounds?: readonly [number, number];
}

const [width, height] = [480, 240];
const box = { left: 48, right: 10, top: 10, bottom: 36 };

/** Lines as one SVG that follows the page's theme. */
export const linePlot = (lines: readonly PlotLine[], { axis, bounds }: PlotOptions): Html => {
  const all = lines.flatMap(({ points }) => points).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const rangeOf = (values: readonly number[]): readonly [number, number] => {
    if (bounds) return bounds;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return low < high ? [low, high] : [low - 0.5, high + 0.5];
  };
  const [left, right] = rangeOf(all.map(([x]) => x));
  const [low, high] = rangeOf(all.map(([, y]) => y));
  const px = (x: number) => box.left + ((x - left) / (right - left)) * (width - box.left - box.right);
  const py = (y: number) => height - box.bottom - ((y - low) / (high - low)) * (height - box.top - box.bottom);
  const number = (value: number) => String(Number(value.toPrecision(3)));
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const parts = [
    ...ticks.flatMap((tick) => {
      const y = low + tick * (high - low);
      const x = left + tick * (right - left);
      return [
        `<path class="grid" d="M${box.left} ${number(py(y))}H${width - box.right}"/>`,
        `<text text-anchor="end" x="${box.left - 6}" y="${number(py(y))}" dy="0.32em">${number(y)}</text>`,
        `<text text-anchor="middle" x="${number(px(x))}" y="${height - box.bottom + 16}">${number(x)}</text>`,
      ];
    }),
    ...lines.map(({ points, dots }, i) => {
      const colour = lineColour(i);
      const shown = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
      const path = shown.map(([x, y]) => `${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join("L");
      const marks =
        dots || shown.length === 1
          ? shown
              .map(([x, y]) => `<circle cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="4" fill="${colour}"/>`)
              .join("")
          : "";
      return `${path ? `<path fill="none" stroke="${colour}" stroke-width="2" d="M${path}"/>` : ""}${marks}`;
    }),
  ].join("");
  const names = lines.map(
    ({ name }, i) =>
      html`<span><svg width="10" height="10" aria-hidden="true"><rect width="10" height="10" fill="${lineColour(i)}"/></svg> ${name}</span> `,
  );
  const label = `${lines.map(({ name }) => name).join(", ")} by ${axis}`;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${raw(parts)}
<text text-anchor="middle" x="${(box.left + width - box.right) / 2}" y="${height - 4}">${axis}</text></svg><p class="note">${names}</p>`;
};
