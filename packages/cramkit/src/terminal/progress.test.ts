import { expect, it } from "vitest";
import { createProgressDisplay, duration } from "./progress.ts";

const lines = (seconds: number[], isTTY = false, terminal?: string) => {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  let at = 0;
  const display = createProgressDisplay({ stream, now: () => 1000 * at, terminal });
  for (const second of seconds) {
    at = second;
    display.show({ stage: "training", done: second, total: 20, unit: "steps", detail: "loss 5" });
  }
  return written;
};

it("prints a line every few seconds where there is no terminal", () => {
  expect(lines([0, 1, 2, 5, 6, 9, 10])).toEqual([
    "training: 0 of 20 steps, loss 5\n",
    "training: 5 of 20 steps, loss 5, 15 s left\n",
    "training: 10 of 20 steps, loss 5, 10 s left\n",
  ]);
});

it("prints the same lines on a terminal that cannot draw a line anew", () => {
  expect(lines([0, 1, 2, 5, 6, 9, 10], true, "dumb")).toEqual(lines([0, 1, 2, 5, 6, 9, 10]));
  expect(lines([0], true, "xterm")[0]).toMatch(/^\r/);
});

it("counts one document as one", () => {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  for (const [done, unit] of [
    [1, "documents"],
    [2, "documents"],
    [1, "texts"],
  ] as const)
    createProgressDisplay({ stream }).show({ stage: "reading", done, unit });
  expect(written).toEqual(["reading: 1 document\n", "reading: 2 documents\n", "reading: 1 text\n"]);
});

it("tells the time left of a resumed stage by what was done since", () => {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  let at = 0;
  const display = createProgressDisplay({ stream, now: () => 1000 * at });
  for (const done of [0.9, 0.91, 0.92]) {
    display.show({ stage: "training", done, total: 1, unit: "%" });
    at += 5;
  }
  expect(written).toEqual(["training: 90.0 %\n", "training: 91.0 %, 45 s left\n", "training: 92.0 %, 40 s left\n"]);
});

it.each([
  [0.4, "0 s"],
  [59.4, "59 s"],
  [185, "3 min 05 s"],
  [7 * 3600 + 12 * 60, "7 h 12 min"],
])("says %d seconds as people do", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it("keeps what is said above the bar, and ends with a clean line", () => {
  let [screen, at] = ["", 0];
  const write = (text: string) => {
    screen += text;
    return true;
  };
  const stream = { isTTY: true as const, columns: 60, write };
  const display = createProgressDisplay({ stream, now: () => 1000 * at++, terminal: "xterm" });
  const show = (done: number) =>
    display.show({ stage: "training", done, total: 1, unit: "% of 3 steps", detail: "step 1  loss 2.5" });
  show(0.1);
  display.say("SIGINT: finishing the step");
  show(0.2);
  display.finish();
  display.say("stopped");
  expect(visible(screen)).toEqual(["SIGINT: finishing the step", "stopped", ""]);
});

it("never gives a terminal control characters of a file", () => {
  let screen = "";
  const write = (text: string) => {
    screen += text;
    return true;
  };
  const stream = { isTTY: true as const, columns: 200, write };
  const display = createProgressDisplay({ stream, terminal: "xterm" });
  display.show({ stage: "a\u001b[2Jb", done: 1, unit: "files", detail: "c\u009bd\re" });
  display.say("f\u001b]0;title\u0007\u202eg");
  display.finish("h\bi");
  expect(screen.replaceAll("\r\x1b[K", "")).toBe(
    "a\\u001b[2Jb  1 file  c\\u009bd\\u000def\\u001b]0;title\\u0007\\u202eg\na\\u001b[2Jb  1 file  c\\u009bd\\u000deh\\u0008i\n",
  );
});

/** The lines that a terminal shows: of each, what stands after the last time it was cleared. */
const visible = (screen: string): string[] =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequence that clears a line
  screen.split("\n").map((line) => line.split(/\r\u001b\[K/).at(-1)!);
