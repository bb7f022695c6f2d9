import { Interrupted } from "@cramkit/recipes";
import type { Command } from "commander";

/** Of Ctrl-C, where nobody knows better. */
const interrupted = 130;

/** Runs the command line: an error becomes one clear line, and the process ends even where a device keeps it alive. */
export const runMain = async (program: Command): Promise<void> => {
  let code = 0;
  try {
    await program.parseAsync();
    code = Number(process.exitCode ?? 0);
  } catch (error) {
    const stopped = error instanceof Interrupted;
    code = stopped ? Number(process.exitCode ?? interrupted) : 1;
    process.stderr.write(`${stopped ? "" : "cramkit: "}${message(error)}\n`);
    if (process.env.CRAMKIT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  }
  // Let a pipe take what was written before the process ends.
  await new Promise((done) => process.stdout.write("", done));
  process.exit(code);
};

const message = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && path) return `${path}: no such file or folder`;
  if (code === "EACCES" || code === "EROFS")
    return `${path ?? "a file"}: cannot be written here (${code}); choose another folder with --dir`;
  if (code === "ENOSPC") return `the disk is full (${error.message}); free some space and resume`;
  return error.message;
};
