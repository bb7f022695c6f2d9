import { explain } from "@cramkit/errors";
import { removeUnfinished } from "@cramkit/files";
import { Interrupted } from "@cramkit/recipes";
import { type Command, CommanderError } from "commander";
import { flagOf } from "./options/flag-of.ts";
import { exitCodes, interruptedCode, listenForSignals, onReaderGone, readerGone } from "./terminal/interrupt.ts";
import { lostResults, takeOutputs } from "./terminal/output.ts";
import { plainText } from "./terminal/plain-text.ts";

/** Runs the command line: an error becomes one clear line, and the process ends even if a device keeps it alive. */
export const runMain = async (program: Command): Promise<void> => {
  takeOutputs(onReaderGone);
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  listenForSignals(say);
  const code = await runProgram(program, process.argv.slice(2), say);
  if (code !== 0) removeUnfinished(); // an error, too, leaves no folder with nothing in it
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
    await program.parseAsync(args, { from: "user" }).catch(takeHelp);
    requirePrinted();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // it was told
    const stopped = error instanceof Interrupted;
    if (error === readerGone) return exitCodes.SIGPIPE;
    say(`${stopped ? "" : "cramkit: "}${plainText(message(error, program, args))}`);
    if (process.env.CRAMKIT_DEBUG && error instanceof Error) say(plainText(`${error.stack}`));
    return stopped ? Number(process.exitCode ?? interruptedCode) : 1;
  }
};

/** Help and the version end the parsing, and are results. */
const takeHelp = (error: unknown): void => {
  if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
};

const requirePrinted = (): void => {
  const lost = lostResults();
  if (lost === 0) return;
  if (process.exitCode === exitCodes.SIGPIPE) throw readerGone;
  const lines = lost === 1 ? "1 more line" : `${lost.toLocaleString("en-US")} more lines`;
  throw new Error(`expected to print ${lines} of the result, but standard output took none`);
};

/** Place, problem, remedy. This is where an error becomes words for a person, and nowhere else. */
const message = (error: unknown, program: Command, args: readonly string[]): string => {
  const { place, problem, remedy, details } = explain(error);
  // The remedy names options as code has them.
  const options = [(details as { option?: string | readonly string[] } | undefined)?.option ?? []].flat();
  const flags = options.flatMap((option) => flagOf(program, args, option) ?? []);
  const advice = remedy === undefined ? "" : `; ${remedy}${flags.length === 0 ? "" : ` (${flags.join(", ")})`}`;
  // The name of a file may hold line feeds, and then say anything; a long message is that of a file, too.
  const where = place === undefined ? "" : `${place.replaceAll("\n", "\\n")}: `;
  return cut(`${where}${problem}${advice}`);
};

const longest = 8000;

const cut = (text: string): string =>
  text.length > longest ? `${text.slice(0, longest / 2)} [...] ${text.slice(-longest / 2)}` : text;
