import { preparedSetKey } from "@cramkit/packer/node";

/** Values of the settings of a grid, one of each, with a short name. */
export interface GridCell {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Every combination of the values of a grid, the last setting changing fastest; one empty cell if there is no grid. */
export const gridCells = (grid: Readonly<Record<string, readonly unknown[]>>): GridCell[] => {
  const paths = Object.keys(grid);
  const labels = shortLabels(paths);
  let cells: Record<string, unknown>[] = [{}];
  for (const path of paths) cells = cells.flatMap((cell) => grid[path]!.map((value) => ({ ...cell, [path]: value })));
  return cells.map((values) => ({
    values,
    name: paths.map((path, index) => `${labels[index]}=${shown(values[path])}`).join(", "),
  }));
};

/** The ends of paths, as long as it takes to tell them apart: `learningRate`, but `schedule.name` and `optimizer.name`. */
const shortLabels = (paths: readonly string[]): string[] => {
  const ends = (path: string, parts: number) => path.split(".").slice(-parts).join(".");
  return paths.map((path) => {
    let parts = 1;
    while (paths.some((other) => other !== path && ends(other, parts) === ends(path, parts))) parts++;
    return ends(path, parts);
  });
};

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const longest = 80;

/** A name as that of a folder: small letters, as some file systems do not tell large ones; long ones end with a digest. */
export const folderName = (name: string): string => {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9.=_-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return plain.length > 0 && plain.length <= longest ? plain : `${plain.slice(0, longest)}-${preparedSetKey(name)}`;
};
