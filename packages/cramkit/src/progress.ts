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
  let startedAt = 0;
  return {
    show(progress) {
      if (progress.stage !== stage) {
        display.end();
        stage = progress.stage;
        startedAt = now();
      }
      display.draw(progress, (now() - startedAt) / 1000);
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
  draw(progress: StageProgress, seconds: number): void;
  clear(): void;
  end(): void;
}

const barDisplay = (stream: NodeJS.WriteStream): Drawing => {
  let bar: SingleBar | undefined;
  return {
    draw({ stage, done, total, unit, detail = "" }, seconds) {
      const left = total === undefined ? "" : timeLeft(done, total, seconds);
      const payload = { stage, count: counted(done, total, unit), detail, left };
      if (!bar) {
        bar = new SingleBar({
          format: total === undefined ? "{stage}  {count}  {detail}" : "{stage} {bar} {count}  {detail}  {left}",
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
    draw({ stage, done, total, unit, detail }, seconds) {
      if (seconds - last < secondsBetween) return;
      last = seconds;
      const left = total === undefined ? "" : timeLeft(done, total, seconds);
      stream.write(`${[`${stage}: ${counted(done, total, unit)}`, detail, left].filter(Boolean).join(", ")}\n`);
    },
    clear() {},
    end() {
      last = Number.NEGATIVE_INFINITY;
    },
  };
};

const counted = (done: number, total: number | undefined, unit: string): string => {
  if (unit === "%") return `${((100 * done) / (total ?? 1)).toFixed(1)} %`;
  return `${whole(done)}${total === undefined ? "" : ` of ${whole(total)}`} ${unit}`;
};

const whole = (value: number) => Math.round(value).toLocaleString("en-US");

const timeLeft = (done: number, total: number, seconds: number): string =>
  done > 0 && done < total ? `${duration((seconds * (total - done)) / done)} left` : "";

/** Seconds as people say them: "48 s", "3 min 05 s", "7 h 12 min". */
export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
};
