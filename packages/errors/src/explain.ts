import { type FaultParts, fault, isFault, partsOf } from "./fault.ts";
import { foreignMeaning } from "./foreign.ts";

/** What an error says, in parts. An error that this package does not know has its message as the problem, and no code. */
export type Explanation = Omit<FaultParts, "code"> & Partial<Pick<FaultParts, "code">>;

/** The parts of any error that was thrown, for whoever prints it. */
export const explain = (error: unknown): Explanation => {
  if (isFault(error)) return partsOf(error);
  if (!(error instanceof Error)) return { problem: String(error) };
  const meaning = foreignMeaning(error);
  if (!meaning) return { problem: error.message };
  const { code, path } = error as { code?: string; path?: unknown };
  const problem = code === undefined ? meaning.problem : `${meaning.problem} (${code})`;
  return { ...meaning, problem, ...(typeof path === "string" && { place: path }) };
};

/** `place: problem` of any error on one line, without its remedy: for whoever goes on, or knows a better remedy. */
export const problemOf = (error: unknown): string => {
  const { place, problem } = explain(error);
  return (place === undefined ? problem : `${place}: ${problem}`).trim().replace(/\s+/g, " ");
};

/**
 * Turns an error of the system or of the engine into a fault with a place (the file that was written, not the temporary one)
 * and, if given, a better remedy. Every other error, and every fault, is returned as it is. Throw what it returns.
 */
export const toFault = (error: unknown, known: Partial<FaultParts> = {}): unknown => {
  if (isFault(error)) return error;
  const { code, ...parts } = explain(error);
  return code === undefined ? error : fault({ code, ...parts, ...known, cause: error });
};
