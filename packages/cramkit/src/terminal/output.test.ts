import { expect, it } from "vitest";
import { createOutput } from "./output.ts";

const failure = (code: string) => Object.assign(new Error(`${code}: it does not work`), { code });

/** An output whose disk takes so many bytes more, until `free` is called. */
const onDisk = (isTerminal = false) => {
  let [text, room, code] = ["", Number.POSITIVE_INFINITY, "ENOSPC"];
  let gone = 0;
  const output = createOutput(1, {
    isTerminal,
    onReaderGone: () => gone++,
    write(bytes, from) {
      if (room <= 0) throw failure(code);
      const taken = Buffer.from(bytes.subarray(from, from + room));
      room -= taken.length;
      text += taken.toString();
      return taken.length;
    },
  });
  return {
    output,
    text: () => text,
    gone: () => gone,
    fill: (bytes: number, why = "ENOSPC") => ([room, code] = [bytes, why]),
  };
};

it("goes on where a disk is full, and says so once there is room again", () => {
  const { output, text, fill } = onDisk();
  output.write("one\n");
  fill(0);
  for (const line of ["two\n", "three\nfour\n"]) output.write(line);
  fill(1000);
  output.write("five\n");
  output.write("six\n");
  expect(text()).toBe("one\ncramkit: 3 lines could not be printed here (ENOSPC: it does not work)\nfive\nsix\n");
});

it("begins a new line after one that was cut", () => {
  const { output, text, fill } = onDisk();
  fill(5);
  output.write("a long line\n");
  fill(1000);
  output.write("next\n");
  expect(text()).toMatch(/^a lon\ncramkit: 1 line could not be printed .*\nnext\n$/);
});

it("waits for a pipe that is full for a moment, but not for ever for a terminal that is stopped", () => {
  let calls = 0;
  const pipe = createOutput(1, {
    isTerminal: false,
    onReaderGone() {},
    write: (bytes, from) => {
      if (++calls < 5) throw failure("EAGAIN");
      return bytes.length - from;
    },
  });
  pipe.write("text\n");
  expect(calls).toBe(5);
  const { output, fill } = onDisk(true);
  fill(0, "EAGAIN");
  const from = performance.now();
  output.write("text\n");
  expect(performance.now() - from).toBeLessThan(30_000);
});

it("tells of a reader that is gone", () => {
  const { output, fill, gone } = onDisk();
  fill(0, "EPIPE");
  output.write("text\n");
  expect(gone()).toBe(1);
});
