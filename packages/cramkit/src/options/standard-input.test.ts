import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { linesOfInput } from "./standard-input.ts";

it("stops waiting for a line when it is told to", async () => {
  const [input, stopping] = [new PassThrough(), new AbortController()];
  const lines = linesOfInput({ signal: stopping.signal }, input);
  input.write("one\n\ntwo\n");
  expect(await lines.next()).toMatchObject({ value: { text: "one", place: "standard input, line 1" } });
  expect(await lines.next()).toMatchObject({ value: { text: "two", place: "standard input, line 3" } });
  const third = lines.next();
  const reason = new Error("stopped");
  stopping.abort(reason);
  await expect(third).rejects.toBe(reason);
});
