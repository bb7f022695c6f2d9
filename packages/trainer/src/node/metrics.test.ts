import { appendFile, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { openMetrics, readMetrics } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "run-"));
});

it("appends metrics and drops what a resumed run writes again", async () => {
  const file = join(folder, "metrics.jsonl");
  const first = await openMetrics(file, { microbatch: 0 });
  for (let microbatch = 1; microbatch <= 5; microbatch++) await first.append({ microbatch, loss: 1 / microbatch });
  await first.close();
  await appendFile(file, '{"microbatch":6,"lo'); // killed while writing
  const second = await openMetrics(file, { microbatch: 3 });
  await second.append({ microbatch: 4, loss: null });
  await second.close();
  expect(await readMetrics(file)).toEqual([
    { microbatch: 1, loss: 1 },
    { microbatch: 2, loss: 0.5 },
    { microbatch: 3, loss: 1 / 3 },
    { microbatch: 4, loss: null },
  ]);
});

it("names the line of a metrics file that is broken", async () => {
  await writeFile(join(folder, "m.jsonl"), '{"microbatch":1}\nbroken\n');
  await expect(readMetrics(join(folder, "m.jsonl"))).rejects.toThrow(
    /m\.jsonl:2: expected a JSON object, got "broken"/,
  );
});
