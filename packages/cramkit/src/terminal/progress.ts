import type { StageProgress } from "@cramkit/recipes";
import { SingleBar } from "cli-progress";

export interface ProgressDisplay {
  show(progress: StageProgress): void;
  /** Ends the current stage and leaves a line that says so. */
  finish(message?: string): void;
  /** Prints a line without breaking the bar. */
  say(line: string): void;
}

/** A bar on a terminal; a line every few seconds elsewhere. Writes to standard error, so that results can be piped. */
export const createProgressDisplay = ({
  stream = process.stderr,
  secondsBetweenLines = 5,
  now = () => performance.now(),
}: {
  stream?: NodeJS.WriteStream;
  secondsBetweenLines?: number;
  now?: () => number;
} = {}): ProgressDisplay => {
  const display = stream.isTTY ? barDisplay(stream) : lineDisplay(stream, secondsBetweenLines);
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
      if (message) stream.write(`${message}\n`);
    },
    say(line) {
      display.clear();
      stream.write(`${line}\n`);
    },
  };
};

interface Drawing {
  /** `seconds` since the stage began; `left` says how long it still takes, as far as that can be told. */
  draw(progress: StageProgress, seconds: number, left: string): void;
  clear(): void;
  end(): void;
}

const barDisplay = (stream: NodeJS.WriteStream): Drawing => {
  let bar: SingleBar | undefined;
  return {
    draw({ stage, done, total, unit, detail = "" }, _, left) {
      const payload = { stage, count: counted(done, total, unit), detail, left };
      if (!bar) {
        bar = new SingleBar({
          format: total === undefined ? "{stage}  {count}  {detail}" : "{stage} {bar} {count}  {left}  {detail}",
          barsize: 24,
          barCompleteChar: "█",
          barIncompleteChar: "░",
          hideCursor: true,
          clearOnComplete: true,
          stopOnComplete: false,
          stream,
          fps: 8,
        });
        bar.start(total ?? 1, 0, payload);
      }
      bar.setTotal(total ?? 1);
      bar.update(total === undefined ? 0 : Math.min(done, total), payload);
    },
    clear() {
      stream.write("\r\x1b[K");
    },
    end() {
      bar?.stop();
      bar = undefined;
    },
  };
};

const lineDisplay = (stream: NodeJS.WriteStream, secondsBetween: number): Drawing => {
  let last = Number.NEGATIVE_INFINITY;
  return {
    draw({ stage, done, total, unit, detail }, seconds, left) {
      if (seconds - last < secondsBetween) return;
      last = seconds;
      stream.write(`${[`${stage}: ${counted(done, total, unit)}`, detail, left].filter(Boolean).join(", ")}\n`);
    },
    clear() {},
    end() {
      last = Number.NEGATIVE_INFINITY;
    },
  };
};

const counted = (done: number, total: number | undefined, unit: string): string => {
  if (unit.startsWith("%")) return `${((100 * done) / (total ?? 1)).toFixed(1)} ${unit}`;
  return `${whole(done)}${total === undefined ? "" : ` of ${whole(total)}`} ${unit}`;
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
