import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { ByteWriter } from "hyparquet-writer";
import { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
import { describe, expect, it } from "vitest";
import { draws } from "../../../testing/fuzz.testing.ts";
import { readDeltas } from "./deltas.ts";

describe("readDeltas", () => {
  it("reads what hyparquet writes and reads, differences of any width", () => {
    for (const [count, spread] of [
      [1, 1n],
      [127, 2n],
      [300, 1000n],
      [129, 2n ** 31n],
      [500, 2n ** 60n],
      [64, 0n],
    ] as const) {
      const draw = draws(count);
      const values = Array.from({ length: count }, () => (BigInt(draw(2 ** 30)) * spread) / 2n ** 30n - spread / 2n);
      const writer = new ByteWriter();
      deltaBinaryPack(writer as never, values, "INT64");
      const bytes = new Uint8Array(writer.getBytes());
      const theirs = new BigInt64Array(count);
      deltaBinaryUnpack({ view: new DataView(bytes.buffer), offset: 0 }, count, theirs);
      expect(readDeltas({ bytes, at: 0 }, count)).toEqual(theirs);
      expect([...theirs]).toEqual(values);
    }
  });

  it("refuses blocks that cannot be: their reader would never end", () => {
    for (const [block, parts] of [
      [0, 4],
      [128, 0],
      [127, 4],
    ] as const) {
      const bytes = Uint8Array.from([block & 127, 0, parts, 3, 2, 2, 2]);
      if (block === 128) bytes.set([0x80, 1]);
      else if (block === 127) bytes.set([127, 4, 3]);
      else bytes.set([0, 4, 3]);
      expect(() => readDeltas({ bytes, at: 0 }, 3)).toThrow();
    }
    expect(() => readDeltas({ bytes: Uint8Array.from([0x80, 1, 4, 3, 2, 2]), at: 0 }, 3)).toThrow("end early");
  });
});
