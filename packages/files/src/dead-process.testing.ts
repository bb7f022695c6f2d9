import { spawn } from "node:child_process";
import { partialPath } from "./index.ts";

/** Number of a process that has ended. */
export const deadProcess = async (): Promise<number> => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid!;
};

/** The temporary name that a process which has ended gave. */
export const deadPartialPath = async (path: string, kind?: "partial" | "replaced"): Promise<string> =>
  ofProcess(partialPath(path, kind), await deadProcess());

/** The same temporary name, given by another process. */
export const ofProcess = (partial: string, pid: number): string =>
  partial.replace(/-\d+-(\d+)-(\d+)$/, `-${pid}-$1-$2`);
