import { expect, it } from "vitest";
import { Interrupted } from "../progress.ts";
import { checkpointsOf, lastRow, newFolder, run, stopping, tinyPretraining } from "../testing/pretraining.testing.ts";

tinyPretraining();

it("gives up a microbatch in its middle, keeps what was before it, and comes to the same weights", async () => {
  const whole = await run({});
  const folder = newFolder();
  const ends: number[] = [];
  for (const operations of [1, 40, 200, 500, 1000]) {
    let left = operations;
    stopping.isAsked = () => left-- <= 0;
    await expect(run({ folder })).rejects.toThrow(Interrupted);
    ends.push(checkpointsOf(folder).at(-1).microbatch);
  }
  stopping.isAsked = () => false;
  const resumed = await run({ folder });
  expect(resumed.weights).toEqual(whole.weights);
  expect(lastRow(resumed)).toMatchObject({ microbatch: lastRow(whole)!.microbatch });
  // At the first operation of all nothing is trained yet; then each session trained some microbatches before it was stopped.
  expect(ends[0]).toBe(0);
  expect(ends).toEqual([...ends].sort((a, b) => a - b));
  expect(ends.at(-1)).toBeGreaterThan(0);
  expect(resumed.left).toBe(0);
});
