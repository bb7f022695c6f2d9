import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnchorScanner, anchorBytesOf, scriptScanner } from "./anchors.ts";
import { wasmScanner } from "./anchors-in-wasm.ts";

const runsOf = (scanner: AnchorScanner, bytes: Uint8Array) => {
  const runs: [hash: number, first: number, last: number, place: number][] = [];
  scanner.scan(bytes, ({ count, hashes, firsts, lasts, places }) => {
    for (let n = 0; n < count; n++) runs.push([hashes[n]!, firsts[n]!, lasts[n]!, places[n]!]);
  });
  return runs;
};

/** Neighbouring runs of one anchor as one: a piece of a long text may end inside of a run. */
const joined = (runs: ReturnType<typeof runsOf>) => {
  const out: ReturnType<typeof runsOf> = [];
  for (const [hash, first, last, place] of runs) {
    const before = out.at(-1);
    if (before && before[0] === hash && before[2] + 1 === first) before[2] = last;
    else out.push([hash, first, last, place]);
  }
  return out;
};

const bytesOf = (length: number, letters = 26) =>
  Uint8Array.from({ length }, (_, n) => 97 + (((Math.imul(n + 1, 0x9e3779b1) >>> 7) ^ (n >> 9)) % letters));

describe("wasmScanner", () => {
  it.each([8, 9, 31, 75, 100, 1000, 65_536])("has the anchors of the script for windows of %i bytes", (window) => {
    const [script, kernel] = [scriptScanner(window), wasmScanner(window)];
    const lengths = [0, 1, window - 1, window, window + 1, 2 * window + 3, 5000, 200_000, 131_072 + window];
    for (const length of lengths)
      for (const letters of [1, 2, 26]) {
        const bytes = bytesOf(length, letters);
        expect(JSON.stringify(joined(runsOf(kernel, bytes)))).toBe(JSON.stringify(joined(runsOf(script, bytes))));
      }
  });

  it("covers every window once, with an anchor that follows from the bytes of the window", () => {
    const text = fc.array(fc.constantFrom("ab", "a", "abcdefgh", "\u00e9", " "), { maxLength: 80 });
    fc.assert(
      fc.property(text, fc.integer({ min: 8, max: 40 }), (parts, window) => {
        const bytes = Buffer.from(parts.join(""));
        const kernel = wasmScanner(window);
        const hashes = runsOf(kernel, bytes).flatMap(([hash, first, last]) =>
          Array.from({ length: last - first + 1 }, () => hash),
        );
        expect(hashes.length).toBe(Math.max(0, bytes.length - window + 1));
        const placesOfWindows = runsOf(kernel, bytes).flatMap(([, first, last, place]) =>
          Array.from({ length: last - first + 1 }, () => place),
        );
        hashes.forEach((hash, start) => {
          const place = placesOfWindows[start]! - start;
          expect(runsOf(kernel, bytes.subarray(start, start + window))).toEqual([[hash, 0, 0, place]]);
        });
        expect(anchorBytesOf(window)).toBeLessThan(window);
      }),
      { numRuns: 50 },
    );
  });
});
