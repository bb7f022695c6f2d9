import { expect, it } from "vitest";
import { constant, multiCycle, oneCycle, plotSvg, plotText, scale, triangle2 } from "./index.ts";

it("draws the default schedule in the terminal", () => {
  expect(
    `\n${plotText(scale(triangle2(), 1e-3), { width: 40, height: 6, title: "triangle2" })}\n`,
  ).toMatchInlineSnapshot(`
    "
    triangle2
    0.001 │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⣀⡠⠤⠔⠒⠉⠢⡀⠀⠀⠀⠀⠀⠀⠀⠀
          │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⣀⡠⠤⠔⠒⠉⠉⠀⠀⠀⠀⠀⠀⠀⠈⢆⠀⠀⠀⠀⠀⠀⠀
          │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⣀⣀⠤⠔⠒⠊⠉⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠑⢄⠀⠀⠀⠀⠀
          │⠀⠀⠀⢀⣀⠤⠔⠒⠊⠉⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠣⡀⠀⠀⠀
          │⠒⠊⠉⠁⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠢⡀⠀
        0 │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠑⢄
          └────────────────────────────────────────
           0                                      1
    "
  `);
});

it("draws a steep part as a line without holes", () => {
  const rows = plotText((t) => (t < 0.5 ? 0 : 1), { width: 8, height: 4 }).split("\n");
  for (const row of rows.slice(1, 3)) expect(row).toMatch(/[^\u2800]$|[^\u2800]\u2800+$/);
  expect(plotText(constant(), { width: 4, height: 1, end: 1000 })).toContain("1000");
});

it("draws several curves as one SVG document with names that are escaped", () => {
  const svg = plotSvg({ "one <cycle>": oneCycle(), "eight & more": multiCycle() }, { title: 'a "plot"' });
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg.match(/stroke-width="2"/g)).toHaveLength(2);
  expect(svg).toContain("one &lt;cycle&gt;");
  expect(svg).toContain("a &quot;plot&quot;");
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

it("scales its axis to the largest value, for batch sizes too", () => {
  const svg = plotSvg({ batch: (step) => 8192 * Math.min(1, step / 600) }, { end: 1000, axis: "steps" });
  expect(svg).toContain(">8192<");
  expect(svg).toContain(">1000<");
});

it("refuses what cannot be drawn", () => {
  expect(() => plotSvg({})).toThrow("plotSvg: expected at least one curve, got none");
  expect(() => plotText(() => Number.NaN)).toThrow("plotText: expected finite values, got NaN");
  expect(() => plotText(constant(), { width: 0 })).toThrow(/"width"/);
  expect(() => plotText(constant(), { height: 1.5 })).toThrow(/"height"/);
});
