import { readFile } from "node:fs/promises";
import { type Measurement, type Result, type ResultLine, type RunHeader, resultKinds } from "./record.ts";

/** The lines of a results file. A file may hold several runs; a last line that was cut off as it was written is left out. */
export const readResults = async (path: string): Promise<ResultLine[]> => {
  const text = await readFile(path, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, i) => {
      try {
        const value = JSON.parse(line) as ResultLine;
        if (resultKinds.includes(value?.kind)) return value;
      } catch {
        // Said below.
      }
      throw new Error(
        `${path}: expected a result in line ${i + 1}, got ${line.slice(0, 60)}; is it a file of benchmarks/results?`,
      );
    });
};

export const measurementsOf = (lines: readonly ResultLine[]): Measurement[] =>
  lines.filter((line) => line.kind === "measurement");

/** The runs of a results file, each header with the lines after it. */
export const runsOf = (lines: readonly ResultLine[]): { header: RunHeader; lines: Result[] }[] => {
  const runs: { header: RunHeader; lines: Result[] }[] = [];
  for (const line of lines) {
    if (line.kind === "run") runs.push({ header: line, lines: [] });
    else runs.at(-1)?.lines.push(line);
  }
  return runs;
};
