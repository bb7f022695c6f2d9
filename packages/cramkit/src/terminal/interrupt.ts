import { fstatSync, readFileSync, statSync } from "node:fs";
import { removeUnfinished } from "@cramkit/files";
import { Interrupted } from "@cramkit/recipes";
import { type HeardInterrupts, hearInterrupts } from "./hear-interrupts.ts";

/** Default exit code for an interrupt. */
export const interruptedCode = 130;

/** What a shell reports of a process that ended at a signal. */
export const exitCodes = { SIGINT: interruptedCode, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const;
type Name = keyof typeof exitCodes;

/** Stops work whose output nobody reads any more, without a word. */
export const readerGone: Interrupted = /* @__PURE__ */ new Interrupted("");

/** What stops the work that is going on, if it can be stopped. */
let stop: ((name: Name) => void) | undefined;

/** Whether signals are this process's to hear: not in a program that calls a command as a function. */
let isListening = false;

let heard: HeardInterrupts | undefined;

/** Ends the process with nothing half-written left behind: after a signal no promise settles any more. */
const endAt = (name: Name): never => {
  removeUnfinished();
  process.exit(exitCodes[name]);
};

/** The reader of what the process writes is gone, as in `cramkit recipes | head -1`: as a signal, but without a word. */
export const onReaderGone = (): void => {
  if (stop) stop("SIGPIPE");
  else endAt("SIGPIPE");
};

/**
 * From here on Ctrl-C, SIGTERM and a terminal that hangs up (SIGHUP) are heard: work that can be stopped finishes its step
 * and saves, everything else ends at once. `say` prints one line. Under `nohup` a hang-up stays without effect.
 */
export const listenForSignals = (say: (line: string) => void): void => {
  isListening = true;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (name === "SIGHUP" && isUnderNohup()) return;
      if (stop) return stop(name);
      say(`${name}: stopped; files that were finished are kept, no others were left`);
      endAt(name);
    });
  }
};

export interface InterruptOptions {
  /**
   * What is done first.
   * @defaultValue "finishing the step and saving"
   */
  readonly doing?: string;
  /** @defaultValue `true` */
  readonly computes?: boolean;
}

export interface InterruptSignal {
  readonly signal: AbortSignal;
  /** Whether Ctrl-C was pressed, also while this thread computes and `signal` cannot be aborted yet. */
  readonly isStopping: () => boolean;
  /** To call when the work is done. */
  release(): void;
}

/**
 * A signal that Ctrl-C, SIGTERM, SIGHUP or a reader that is gone aborts once, so that a run can finish its step and save; at
 * the second Ctrl-C or SIGTERM the process ends at once. `computes`: Ctrl-C must also be heard while this thread is at work
 * for seconds, which takes another thread.
 */
export const interruptSignal = (
  say: (line: string) => void,
  { doing = "finishing the step and saving", computes = true }: InterruptOptions = {},
): InterruptSignal => {
  const controller = new AbortController();
  const lineOf = (name: Name) => `${name}: ${doing}; a second ${name} ends at once, without saving`;
  if (computes && isListening) heard ??= hearInterrupts();
  heard?.tells(lineOf("SIGINT"));
  stop = (name) => {
    if (controller.signal.aborted) {
      // A reader that is gone is noticed at each line, and a terminal that closes sends more than one hang-up.
      if (name === "SIGPIPE" || name === "SIGHUP") return;
      endAt(name);
    }
    process.exitCode = exitCodes[name];
    // Who reads no more needs no word, but for what work that saves has to say of itself.
    const isSilent = name === "SIGPIPE";
    controller.abort(
      isSilent ? readerGone : new Interrupted("stopped; files that were finished are kept, no others were left"),
    );
    if (!isSilent && !(name === "SIGINT" && heard?.wasTold())) say(lineOf(name));
  };
  return {
    signal: controller.signal,
    isStopping: () => controller.signal.aborted || (heard?.isAsked() ?? false),
    release: () => {
      stop = undefined;
      heard?.tells(undefined);
    },
  };
};

/**
 * Whether the process was started by `nohup`. That ignores SIGHUP, but Node undoes it before any of our code runs, so it
 * shows only in what else `nohup` leaves behind: the shell's name of the command (bash), a standard input that cannot be
 * read in place of the terminal (GNU), or its output file. If nothing shows, a hang-up saves and ends the run.
 */
const isUnderNohup = (): boolean =>
  /(^|\/)nohup$/.test(process.env._ ?? "") || isUnreadable(0) || [1, 2].some((fd) => isNohupFile(fd));

/** `nohup` opens /dev/null for writing alone. */
const isUnreadable = (fd: number): boolean => {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & 3) === 1;
  } catch {
    return false; // no Linux
  }
};

const isNohupFile = (fd: number): boolean => {
  try {
    const { ino, dev } = fstatSync(fd);
    return ["nohup.out", `${process.env.HOME}/nohup.out`].some((path) => {
      const file = statSync(path, { throwIfNoEntry: false });
      return file?.ino === ino && file.dev === dev;
    });
  } catch {
    return false;
  }
};
