// house.mjs [--check]: draws layers.mjs as house.svg. With --check it only says whether the picture is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as house from "../layers.mjs";

const box = { width: 104, height: 34 };
const [gap, floorHeight, margin] = [12, 100, 24];

/** The floor of each package: one above the highest that it may import. */
export function floorsOf(rows) {
  const floors = {};
  for (const [name, below] of Object.entries(rows)) {
    floors[name] = below.reduce((floor, other) => Math.max(floor, floors[other] + 1), 0);
  }
  return floors;
}

/**
 * A table of layers as an SVG: one floor above the other, an arrow for each import that is allowed. What all may import
 * (`ground`) has no arrows, nor has what may import all (`composers`): words say it.
 */
export function houseSvg({ layers: rows, testEdges: tests, ground, composers }) {
  const floors = floorsOf(rows);
  const names = Object.keys(rows);
  const storeys = Array.from({ length: Math.max(...Object.values(floors)) + 1 }, (_, floor) =>
    names.filter((name) => floors[name] === floor),
  );
  const spread = (count) => count * box.width + (count - 1) * gap;
  const width = Math.max(...storeys.map(({ length }) => spread(length))) + 2 * margin;
  const height = margin * 2 + (storeys.length - 1) * floorHeight + box.height + 36;
  const places = {};
  for (const [floor, storey] of storeys.entries()) {
    const y = margin + (storeys.length - 1 - floor) * floorHeight;
    for (const [i, name] of storey.entries()) {
      places[name] = { x: (width - spread(storey.length)) / 2 + i * (box.width + gap), y };
    }
  }
  const arrow = (from, to, kind) => {
    const [start, end] = [places[from], places[to]];
    const bottom = start.y + box.height;
    if (start.y === end.y) {
      // Side by side: from below, around those between.
      const [x1, x2] = [start.x + box.width / 2, end.x + box.width / 2];
      return `<path class="${kind}" d="M${x1} ${bottom} C${x1} ${bottom + 26} ${x2} ${bottom + 26} ${x2} ${bottom}"/>`;
    }
    const [x1, x2, bend] = [start.x + box.width / 2, end.x + box.width / 2, (end.y - bottom) / 2];
    return `<path class="${kind}" d="M${x1} ${bottom} C${x1} ${bottom + bend} ${x2} ${end.y - bend} ${x2} ${end.y}"/>`;
  };
  const arrows = (table, kind) =>
    Object.entries(table).flatMap(([name, others]) =>
      composers.includes(name)
        ? []
        : others.filter((other) => !ground.includes(other)).map((other) => arrow(name, other, kind)),
    );
  const text = (x, y, words, kind = "") => `<text${kind && ` class="${kind}"`} x="${x}" y="${y}">${words}</text>`;
  const rooms = names.map((name) => {
    const { x, y } = places[name];
    const middle = x + box.width / 2;
    const note = composers.includes(name) ? text(x + box.width + 8, y + 21, "may import all below", "note left") : "";
    return `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="5"/>${text(middle, y + 21, name)}${note}`;
  });
  const notes = [
    ground.length > 0 && "the lowest floor: all others may import it",
    "solid arrow: may import",
    "dashed: its tests may import",
  ].filter(Boolean);
  const legend = text(width / 2, height - margin / 2, notes.join(" · "), "note");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Which package may import which">
<style>
  rect { fill: #eef3f8; stroke: #35516b }
  text { font: 13px sans-serif; fill: #14202b; text-anchor: middle }
  .note { font-size: 11px; fill: #6b7c8c }
  .left { text-anchor: start }
  path { fill: none; stroke: #35516b; marker-end: url(#tip) }
  .test { stroke-dasharray: 4 4; stroke: #8a9aa8 }
  @media (prefers-color-scheme: dark) { rect { fill: #22303c; stroke: #9fb6ca } text { fill: #e8eef3 } .note { fill: #9aa4af } path { stroke: #9fb6ca } }
</style>
<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8" style="marker-end: none"/></marker>
${[...arrows(rows, "edge"), ...arrows(tests, "test"), ...rooms, legend].join("\n")}
</svg>
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL("../house.svg", import.meta.url));
  const picture = houseSvg(house);
  if (!process.argv.includes("--check")) writeFileSync(file, picture);
  else if (readFileSync(file, "utf8") !== picture) {
    console.error("house: expected house.svg to show layers.mjs, got an older one; run pnpm house");
    process.exit(1);
  }
}
