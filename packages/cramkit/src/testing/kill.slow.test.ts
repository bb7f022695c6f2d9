import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { smallRun, startCramkit, weightsOf, workerOn } from "./command-line.testing.ts";

const kills = Number(process.env.CRAMKIT_KILLS ?? 100);

const moments = ["at any time", "in training", "in a checkpoint"] as const;
type Moment = (typeof moments)[number];

const isWritingACheckpoint = (run: string): boolean => {
  const folder = join(run, "checkpoints");
  return existsSync(folder) && readdirSync(folder).some((name) => name.includes(".partial-"));
};

/** Names below a folder, none if it is not there yet. */
const below = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];

/** Every file that has its final name is whole: JSON parses, and what has a checksum matches it. */
const expectWhole = (folder: string): void => {
  for (const name of below(folder)) {
    if (name.includes(".partial-")) continue;
    if (name.endsWith(".json")) JSON.parse(readFileSync(join(folder, name), "utf8"));
    if (!name.endsWith("checkpoint.json")) continue;
    const { files } = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const [file, { sha256 }] of Object.entries<{ sha256: string }>(files)) {
      const content = readFileSync(join(folder, name, "..", file));
      expect(createHash("sha256").update(content).digest("hex"), join(name, "..", file)).toBe(sha256);
    }
  }
};

it(`ends with the weights of an undisturbed run after ${kills} kills at random moments`, {
  timeout: kills * 120_000,
}, async () => {
  const root = smallRun(4000);
  const start = (dir: string) =>
    startCramkit(["run", "recipe.json", "--dir", dir, "--data", `${dir}-prepared`], { cwd: root });

  const startedAt = performance.now();
  expect((await start("whole").ended).code).toBe(0);
  const wholeMs = performance.now() - startedAt;

  /** Starts it and, so many milliseconds after the moment has come, kills it the hard way. */
  const killed = async (moment: Moment, ms: number, dir: string) => {
    const run = join(root, dir);
    const { child, ended } = start(dir);
    const hasCome = () =>
      moment === "at any time" ||
      (workerOn(run) === child.pid && (moment === "in training" || isWritingACheckpoint(run)));
    let timer = setInterval(() => {
      if (!hasCome()) return;
      clearInterval(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), ms);
    }, 1);
    const { code } = await ended;
    clearTimeout(timer);
    return { code, hadLock: workerOn(run) === child.pid };
  };

  let count = 0;
  let undisturbed = 0;
  const left = { preparing: 0, training: 0, checkpoint: 0 };
  for (let run = 1; count < kills; run++) {
    const dir = `parts-${run}`;
    const before = count;
    let code: number | null = null;
    while (code === null && count < kills) {
      const moment = moments[count % moments.length]!;
      const within = { "at any time": wholeMs / 2, "in training": wholeMs / 8, "in a checkpoint": 10 }[moment];
      const result = await killed(moment, within * Math.random(), dir);
      code = result.code;
      if (code !== null) break;
      count++;
      if (count % 10 === 0) console.log(`${count} of ${kills} kills`);
      for (const folder of [dir, `${dir}-prepared`]) expectWhole(join(root, folder));
      if (!result.hadLock) left.preparing++;
      else left[isWritingACheckpoint(join(root, dir)) ? "checkpoint" : "training"]++;
    }
    // A moment that never comes would be waited for without end.
    undisturbed = count > before ? 0 : undisturbed + 1;
    expect(undisturbed, `runs without a single kill "${moments[count % moments.length]}"`).toBeLessThan(20);
    expect(code ?? (await start(dir).ended).code).toBe(0);
    expect(weightsOf(join(root, dir)).equals(weightsOf(join(root, "whole")))).toBe(true);
    expect(below(join(root, dir)).filter((name) => name.includes(".partial-"))).toEqual([]);
  }
  console.log(
    `${count} kills: ${left.preparing} before training, ${left.training} in training or evaluation, ${left.checkpoint} while a checkpoint was written`,
  );
  if (kills >= 25) expect(left.checkpoint).toBeGreaterThan(kills / 10);
});
