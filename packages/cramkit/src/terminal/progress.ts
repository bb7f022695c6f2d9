import type { StageProgress } from "@cramkit/recipes";
import { detailFields, fitLine } from "./fit-line.ts";
import { plainText } from "./plain-text.ts";

export interface ProgressDisplay {
  show(progress: StageProgress): void;
  /** Ends the current stage and leaves a line that says so. */
  finish(message?: string): void;
  /** Prints a line that stays: above the bar, if there is one. */
  say(line: string): void;
}

/** What a display writes to. */
export type DisplayStream = Pick<NodeJS.WriteStream, "write" | "isTTY"> & {
  /** Width in characters. @defaultValue absent if it is not a terminal */ readonly columns?: number;
};

/** A bar on a terminal; a line every few seconds elsewhere. Writes to standard error, so that results can be piped. */
export const createProgressDisplay = ({
  stream = process.stderr,
  secondsBetweenLines = 5,
  now = () => performance.now(),
  terminal = process.env.TERM,
}: {
  /** @defaultValue `process.stderr` */
  stream?: DisplayStream;
  /** @defaultValue `5` */
  secondsBetweenLines?: number;
  /** @defaultValue `() => performance.now()` */
  now?: () => number;
  /** Kind of the terminal: a dumb one cannot draw a line anew. @defaultValue `process.env.TERM` */
  terminal?: string | undefined;
} = {}): ProgressDisplay => {
  const display =
    stream.isTTY && terminal !== "dumb" ? barDisplay(stream, now) : lineDisplay(stream, secondsBetweenLines);
  let stage: string | undefined;
  // A resumed stage begins in the middle: the time left follows from what was done since.
  let start = { at: 0, done: 0 };
  return {
    show(progress) {
      if (progress.stage !== stage) {
        display.end();
        stage = progress.stage;
        start = { at: now(), done: progress.done };
      }
      const seconds = (now() - start.at) / 1000;
      display.draw(progress, seconds, timeLeft(progress, start.done, seconds));
    },
    finish(message) {
      display.end();
      stage = undefined;
      if (message) stream.write(`${plainText(message)}\n`);
    },
    say(line) {
      display.print(`${plainText(line)}\n`);
    },
  };
};

interface Drawing {
  /** `seconds` since the stage began; `left` says how long it still takes, as far as that can be told. */
  draw(progress: StageProgress, seconds: number, left: string): void;
  /** Prints text that stays. */
  print(text: string): void;
  end(): void;
}

const clearLine = "\r\x1b[K";
const msBetweenDraws = 125;

const barDisplay = (stream: DisplayStream, now: () => number): Drawing => {
  let [line, drawnAt] = ["", Number.NEGATIVE_INFINITY];
  return {
    draw(progress, _, left) {
      const { stage, done, total, unit } = progress;
      const isNew = line === "";
      if (!isNew && now() - drawnAt < msBetweenDraws) return;
      drawnAt = now();
      const fields = {
        stage: plainText(stage),
        count: counted(done, total, unit),
        left,
        details: detailFields(progress),
        ...(total !== undefined && { fraction: done / total }),
      };
      // Some terminals begin a new line at their last column.
      line = fitLine(fields, (stream.columns || 80) - 1);
      stream.write(`${clearLine}${line}`);
    },
    print(text) {
      stream.write(`${line && clearLine}${text}${line}`);
    },
    end() {
      if (line) stream.write(clearLine);
      line = "";
    },
  };
};

const lineDisplay = (stream: DisplayStream, secondsBetween: number): Drawing => {
  let last = Number.NEGATIVE_INFINITY;
  return {
    draw(progress, seconds, left) {
      const { stage, done, total, unit } = progress;
      if (seconds - last < secondsBetween) return;
      last = seconds;
      const fields = [`${plainText(stage)}: ${counted(done, total, unit)}`, ...detailFields(progress), left];
      stream.write(`${fields.filter(Boolean).join(", ")}\n`);
    },
    print(text) {
      stream.write(text);
    },
    end() {
      last = Number.NEGATIVE_INFINITY;
    },
  };
};

const counted = (done: number, total: number | undefined, unit: string): string => {
  if (unit.startsWith("%")) return `${((100 * done) / (total ?? 1)).toFixed(1)} ${unit}`;
  const isOne = total === undefined && Math.round(done) === 1;
  return `${whole(done)}${total === undefined ? "" : ` of ${whole(total)}`} ${isOne ? unit.replace(/s\b/, "") : unit}`;
};

const whole = (value: number) => Math.round(value).toLocaleString("en-US");

/** Nothing in the first second, in which a stage is still warming up. */
const timeLeft = ({ done, total }: StageProgress, doneBefore: number, seconds: number): string => {
  if (total === undefined || seconds < 1 || done <= doneBefore || done >= total) return "";
  return `${duration((seconds * (total - done)) / (done - doneBefore))} left`;
};

/** Seconds as people say them: "48 s", "3 min 05 s", "7 h 12 min". */
export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
};
