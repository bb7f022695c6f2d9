import { closeSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import { isatty } from "node:tty";
import { plainText } from "./plain-text.ts";

export interface OutputOptions {
  /** Writes bytes from an offset on and returns how many were taken. @defaultValue `writeSync` of the file descriptor */
  readonly write?: (bytes: Uint8Array, from: number) => number;
  /**
   * Whether it is a terminal.
   *
   * @defaultValue what the system says of the descriptor
   */
  readonly isTerminal?: boolean;
  /** Called when a pipe has no reader any more. */
  readonly onReaderGone: () => void;
}

/** Standard output or standard error, made so that what cannot be printed does no harm. */
export type Output = Writable & {
  readonly fd: number;
  readonly isTTY: boolean;
  /** Width in characters. @defaultValue absent if it is not a terminal */
  columns?: number;
};

/** A terminal that is stopped (Ctrl-S) takes nothing: after so many waits of ten milliseconds the text is given up. */
const terminalPatience = 100;

/** Lines that each output could not print so far. */
const lostLines = new WeakMap<object, number>();

/**
 * A stream on a file descriptor that never fails. Text that a full disk or a terminal that went away does not take is counted,
 * and the next text that can be printed comes after a line that says so. Node's own streams end the process instead, or
 * are closed for good at the first error.
 */
export const createOutput = (
  fd: number,
  { write = (bytes, from) => writeSync(fd, bytes, from), isTerminal = isatty(fd), onReaderGone }: OutputOptions,
): Output => {
  let [lost, reason, isCut] = [0, "", false];
  const put = (bytes: Uint8Array): void => {
    for (let at = 0, waits = 0; at < bytes.length; ) {
      try {
        at += write(bytes, at);
        waits = 0;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // A pipe that another process made non-blocking is full for a moment.
        if (code !== "EAGAIN" || (isTerminal && waits++ >= terminalPatience)) {
          isCut ||= at > 0;
          throw error;
        }
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  };
  const print = (text: string): void => {
    const count = lost === 1 ? "1 line" : `${lost.toLocaleString("en-US")} lines`;
    const note = lost > 0 ? `cramkit: ${count} could not be printed here (${reason})\n` : "";
    try {
      put(Buffer.from(`${isCut ? "\n" : ""}${note}${text}`));
      [lost, isCut] = [0, false];
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const lines = text.split("\n").length - 1;
      [lost, reason] = [lost + lines, message];
      lostLines.set(output, (lostLines.get(output) ?? 0) + lines);
      if (code === "EPIPE") onReaderGone();
    }
  };
  const output: Output = Object.assign(
    new Writable({
      decodeStrings: false,
      write(chunk: string | Uint8Array, _, done) {
        print(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
        done();
      },
    }),
    { fd, isTTY: isTerminal },
  );
  return output;
};

/** Puts outputs that never fail in place of `process.stdout` and `process.stderr`, for the console and for libraries as well. */
export const takeOutputs = (onReaderGone: () => void): void => {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on("exit", () => closeLostTerminals(terminals));
  if (process.platform === "win32") {
    // A console takes text from Node's streams alone.
    for (const stream of [process.stdout, process.stderr])
      stream.on("error", ({ code }: NodeJS.ErrnoException) => {
        if (code === "EPIPE") onReaderGone();
      });
    return;
  }
  for (const [name, fd] of [
    ["stdout", 1],
    ["stderr", 2],
  ] as const) {
    // Node's stream knows how wide its terminal is, and hears of changes; nothing is written to it.
    const terminal = isatty(fd) ? process[name] : undefined;
    const output = createOutput(fd, { onReaderGone });
    if (terminal) Object.defineProperty(output, "columns", { get: () => terminal.columns });
    Object.defineProperty(process, name, { configurable: true, get: () => output });
  }
};

/** At its end Node gives terminals their settings back, and aborts if one is not there any more. */
const closeLostTerminals = (terminals: readonly number[]): void => {
  for (const fd of terminals) {
    if (isatty(fd)) continue;
    try {
      closeSync(fd);
    } catch {
      // It is closed already.
    }
  }
};

let resultLinesLost = 0;

/**
 * Prints the result of a command, for which it was started: if it does not arrive, the command fails. `isExact` gives a pipe
 * or a file the text as it is; a terminal never gets control characters.
 */
export const print = (text: string, { isExact = false } = {}): void => {
  const before = lostLines.get(process.stdout) ?? 0;
  process.stdout.write(`${isExact && !process.stdout.isTTY ? text : plainText(text)}\n`);
  resultLinesLost += (lostLines.get(process.stdout) ?? 0) - before;
};

/** Prints what is good to know on standard output; the command has done its work without it. */
export const tell = (text: string): void => void process.stdout.write(`${plainText(text)}\n`);

/** Lines of results that did not arrive. */
export const lostResults = (): number => resultLinesLost;
