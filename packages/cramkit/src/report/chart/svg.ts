import { plainText } from "../../terminal/plain-text.ts";
import { tickLabels } from "../page/axis.ts";

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text in a document of SVG. */
export const svgText = (text: string): string =>
  plainText(text).replace(/[&<>"']/g, (character) => entities[character]!);

/** A coordinate. */
export const place = (value: number): string => String(Number(value.toFixed(2)));

/**
 * A complete document: sizes in pixels, colours written out, so that it looks the same in a paper as in a browser. `title`
 * is what a screen reader says.
 */
export const svgDocument = (
  title: string,
  { width, height }: { readonly width: number; readonly height: number },
  parts: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#333">`,
    `<title>${svgText(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");

/** The ticks of an axis with their labels. */
export const labelledTicks = (low: number, high: number, count: number): (readonly [tick: number, label: string])[] => {
  const found = ticks(low, high, count);
  const labels = tickLabels(found);
  return found.map((tick, i) => [tick, labels[i]!]);
};

/** Round numbers from `low` to `high`, about `count` of them. */
const ticks = (low: number, high: number, count: number): number[] => {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(Number((i * step).toPrecision(12)));
  return found;
};
