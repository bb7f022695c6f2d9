import { type FileHandle, open, readFile } from "node:fs/promises";
import { checkOptions, fault, shown } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";

/** One line of `metrics.jsonl`: numbers (null for what is not finite) and a few words. */
export type MetricsRow = Readonly<Record<string, number | string | boolean | null>>;

export interface MetricsLog {
  append(row: MetricsRow): Promise<void>;
  close(): Promise<void>;
}

/** Reads a metrics file; a last line that a killed process left unfinished is passed over. */
export const readMetrics = async (path: string): Promise<MetricsRow[]> => {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line, index) => {
      try {
        return JSON.parse(line) as MetricsRow;
      } catch {
        throw fault({
          code: "damaged-file",
          place: `${path}:${index + 1}`,
          problem: `expected a JSON object, got ${shown(line)}`,
          remedy: "mend the line, or take it out",
        });
      }
    });
};

/** Opens a metrics file to append to; rows after `microbatch`, which a resumed run writes again, are dropped first. */
export const openMetrics = async (path: string, options: { microbatch: number }): Promise<MetricsLog> => {
  checkOptions("openMetrics", options, { microbatch: true });
  const { microbatch } = options;
  const kept = (await readMetrics(path)).filter(
    (row) => typeof row.microbatch === "number" && row.microbatch <= microbatch,
  );
  await writeFileAtomic(path, kept.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const handle: FileHandle = await open(path, "a");
  return {
    append: async (row) => void (await handle.appendFile(`${JSON.stringify(row)}\n`)),
    close: () => handle.close(),
  };
};
