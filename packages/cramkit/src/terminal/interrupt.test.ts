import { expect, it } from "vitest";
import { interruptSignal, onReaderGone, readerGone } from "./interrupt.ts";

it("stops without a word when nobody reads the output any more, and goes on stopping", () => {
  const said: string[] = [];
  const before = process.exitCode;
  const { signal, release } = interruptSignal((line) => said.push(line), { computes: false });
  try {
    onReaderGone();
    onReaderGone();
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(readerGone);
    expect(process.exitCode).toBe(141);
    expect(said).toEqual([]);
  } finally {
    release();
    process.exitCode = before;
  }
});
