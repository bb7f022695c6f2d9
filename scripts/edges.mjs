// Edges that no import shows: a relative path in a string, or in a command of a manifest, that leaves its package for
// another one. An import by name is dependency-cruiser's to judge.
import { dirname, join } from "node:path/posix";

/**
 * `[{ file, text, to }]` for each such path in `[[file, text], ...]` (paths from the root); `to` is the other package, or
 * "*" if the path says only that it leads to the folder of all packages. Comments do not count.
 *
 * @param {readonly [string, string][]} files
 * @returns {{ file: string, text: string, to: string }[]}
 */
export function pathsToOthers(files) {
  return files.flatMap(([file, source]) => {
    const home = file.split("/")[1];
    const code = file.endsWith(".json") ? source : source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
    return [...code.matchAll(/(?<=["'`\s=])(?:\.{1,2}\/)+[^"'`\s]*/g)].flatMap(([text]) => {
      // What is inserted into a template may be anything.
      const [known] = text.split("${");
      const parts = join(dirname(file), known).split("/");
      if (parts[0] !== "packages" || parts[1] === home) return [];
      return [{ file, text, to: parts[1] || "*" }];
    });
  });
}
