// Within a package, folders and files are rooms on floors: a room may use the rooms below it, and none above. Two rooms
// of one folder that use each other, by whatever way around, have no floor of their own; each such circle is an error.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The circles among the rooms of a source folder, by the imports of its files: `[[path, text], ...]`. */
export function roomCircles(files) {
  const sources = new Map(files.filter(([path]) => !/\.(test|testing)\.ts$/.test(path)));
  const arrows = new Map(); // folder -> room -> rooms it uses, each with the import that says so
  for (const [path, text] of sources) {
    for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)) {
      const used = join(dirname(path), target);
      if (!sources.has(used)) continue;
      const [from, to] = [path.split(sep), used.split(sep)];
      let depth = 0;
      while (from[depth] === to[depth]) depth++;
      const folder = from.slice(0, depth).join("/");
      const rooms = arrows.get(folder) ?? arrows.set(folder, new Map()).get(folder);
      const uses = rooms.get(from[depth]) ?? rooms.set(from[depth], new Map()).get(from[depth]);
      if (!uses.has(to[depth])) uses.set(to[depth], `${path} -> ${used}`);
    }
  }
  return [...arrows].flatMap(([folder, rooms]) => circleOf(rooms).map((circle) => ({ folder, ...circle })));
}

/**
 * The arrows that lead upward by what a place is for, though they close no circle: out of a package to its own doors (an
 * `index.ts` at the top or below an entry of its own), from what runs anywhere to what needs Node, and from a source to a
 * helper of tests. `[["a.ts -> b.ts", reason], ...]`.
 *
 * @param {readonly (readonly [string, string])[]} files
 * @returns {[string, string][]}
 */
export function upwardArrows(files) {
  const sources = files.filter(([path]) => !/\.(test|testing)\.ts$/.test(path));
  const known = new Set(files.map(([path]) => path));
  return sources.flatMap(([path, text]) =>
    [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].flatMap(([, target]) => {
      const used = join(dirname(path), target).replaceAll(sep, "/");
      const from = path.replaceAll(sep, "/");
      const reason = !known.has(used)
        ? undefined
        : used === "index.ts"
          ? "a source uses the door of its own package"
          : used.startsWith("node/") && !from.startsWith("node/")
            ? "what runs anywhere uses what needs Node"
            : /\.testing\.ts$/.test(used)
              ? "a source uses a helper of tests"
              : undefined;
      return reason ? [[`${from} -> ${used}`, reason]] : [];
    }),
  );
}

/** One circle of a graph, if it has any: the rooms in their order, and the imports that lead around. */
function circleOf(rooms) {
  const done = new Set();
  const path = [];
  const visit = (room) => {
    if (path.includes(room)) return path.slice(path.indexOf(room)).concat(room);
    if (done.has(room)) return undefined;
    path.push(room);
    for (const next of rooms.get(room)?.keys() ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    path.pop();
    done.add(room);
    return undefined;
  };
  for (const room of rooms.keys()) {
    const circle = visit(room);
    if (circle)
      return [{ rooms: circle, imports: circle.slice(0, -1).map((name, i) => rooms.get(name).get(circle[i + 1])) }];
  }
  return [];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const folders = [
    ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/src`),
    "benchmarks/src",
    "playground/src",
  ].filter((folder) => existsSync(join(root, folder)));
  let found = 0;
  for (const folder of folders) {
    const paths = readdirSync(join(root, folder), { recursive: true }).filter((path) => /\.tsx?$/.test(path));
    const files = paths.map((path) => [path, readFileSync(join(root, folder, path), "utf8")]);
    for (const [arrow, reason] of upwardArrows(files)) {
      found++;
      console.error(`${folder}: ${arrow} leads upward: ${reason}`);
    }
    const circles = roomCircles(files);
    for (const circle of circles) {
      found++;
      console.error(`${join(folder, circle.folder)}: ${circle.rooms.join(" -> ")} is a circle`);
      for (const line of circle.imports) console.error(`  ${line}`);
    }
  }
  if (found > 0) {
    console.error(`rooms: expected none, got ${found}; move what both need to a room below them`);
    process.exit(1);
  }
  console.log(`rooms: no circle and no arrow upward in ${folders.length} packages`);
}
