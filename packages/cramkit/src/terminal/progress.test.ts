import { expect, it } from "vitest";
import { createProgressDisplay, duration } from "./progress.ts";

const lines = (seconds: number[], isTTY = false) => {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  let at = 0;
  const display = createProgressDisplay({ stream, now: () => 1000 * at });
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
