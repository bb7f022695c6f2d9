import { describe, expect, it } from "vitest";
import { zstdFrames } from "./zstd-frames.ts";

const magic = [0x28, 0xb5, 0x2f, 0xfd];
const emptyLastBlock = [1, 0, 0];

/** The sizes of the pieces of a file in chunks of one byte. */
const pieces = async (bytes: number[], maxWindowLog = 30): Promise<number> => {
  async function* chunks() {
    for (const byte of bytes) yield Buffer.from([byte]);
  }
  let complete = 0;
  for await (const { last } of zstdFrames(chunks(), { maxWindowLog })) if (last) complete++;
  return complete;
};

describe("zstdFrames", () => {
  it("refuses a window beyond the decoder, and a dictionary", async () => {
    const frame = (descriptor: number, ...rest: number[]) => [...magic, descriptor, ...rest, ...emptyLastBlock];
    const window = (log: number) => (log - 10) << 3;
    expect(await pieces([...frame(0, window(30)), ...frame(0, window(10))])).toBe(2);
    await expect(pieces(frame(0, window(31)))).rejects.toThrow("has a window of 2^31 bytes, more than 2^30");
    expect(await pieces(frame(0, window(31)), 31)).toBe(1);
    // Dictionary identities of one and four bytes; zero stands for none.
    await expect(pieces(frame(1, window(20), 7))).rejects.toThrow("needs the dictionary that it was compressed with");
    await expect(pieces(frame(3, window(20), 0, 0, 0, 128))).rejects.toThrow("needs the dictionary");
    expect(await pieces(frame(1, window(20), 0))).toBe(1);
  });
});
