import { Interrupted } from "@cramkit/recipes";
import type { Command } from "commander";
import { interruptedCode, listenForSignals, onReaderGone } from "./terminal/interrupt.ts";
import { lostResults, takeOutputs } from "./terminal/output.ts";
import { plainText } from "./terminal/plain-text.ts";

/** Runs the command line: an error becomes one clear line, and the process ends even if a device keeps it alive. */
export const runMain = async (program: Command): Promise<void> => {
  takeOutputs(onReaderGone);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  listenForSignals(say);
  const code = await runProgram(program, process.argv.slice(2), say);
  // Elsewhere than here a pipe may need a moment to take what was written.
  await new Promise((done) => process.stdout.write("", done));
  process.exit(code);
};

/** The same without an end of the process: resolves to its exit code. */
export const runProgram = async (
  program: Command,
  args: readonly string[],
  say: (line: string) => void,
): Promise<number> => {
  try {
    await program.parseAsync(args, { from: "user" });
    const lost = lostResults();
    if (lost > 0) throw new Error(`expected to print ${lost} more lines of the result, but standard output took none`);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const stopped = error instanceof Interrupted;
    say(`${stopped ? "" : "cramkit: "}${plainText(message(error))}`);
    if (process.env.CRAMKIT_DEBUG && error instanceof Error) say(plainText(`${error.stack}`));
    return stopped ? Number(process.exitCode ?? interruptedCode) : 1;
  }
};
const message = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { code, path: opened } = error as NodeJS.ErrnoException;
  const path = opened?.replace(/\.\d+\.partial$/, ""); // what it was to become
  if (code === "ENOENT" && path) return `${path}: no such file or folder`;
  if ((code === "ENOTDIR" || code === "EEXIST") && path)
    return `${path}: expected a folder, got a file or what is below one; name another folder`;
  if (code === "EISDIR") return `${path ? `${path}: ` : ""}expected a file, got a folder; name a file in it`;
  if (code === "EACCES" || code === "EPERM")
    return `${path ?? "a file"}: this user may not read or write it (${code}); change its permissions, or name another folder`;
  if (code === "EROFS") return `${path ?? "a file"}: cannot be written here (${code}); name another folder with --dir`;
  if (code === "ENOSPC") return `the disk is full (${error.message}); free some space and resume`;
  return error.message;
};
