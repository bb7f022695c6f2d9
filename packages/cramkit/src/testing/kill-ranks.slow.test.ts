import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { newestCheckpoint, weightsOf } from "./command-line.testing.ts";
import { onRanks, ranksLaunchers, ranksRun } from "./ranks.testing.ts";

const kills = Number(process.env.CRAMKIT_KILLS ?? 15);
const ranks = 2;

for (const launcher of ranksLaunchers)
  it(`${launcher.name}: ranks killed at ${kills} random moments end their job in seconds, and go on to the weights of an undisturbed one`, {
    timeout: (kills + 2) * 240_000,
  }, async () => {
    const root = ranksRun(60);
    const preload = join(root, "pid.mjs");
    writeFileSync(
      preload,
      `import { renameSync, writeFileSync } from "node:fs";
      const rank = process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK;
      if (process.argv.includes("recipe.json")) {
        writeFileSync("pid-" + rank + ".new", String(process.pid));
        renameSync("pid-" + rank + ".new", "pid-" + rank);
      }`,
    );
    const start = (dir: string) =>
      onRanks(
        launcher,
        [[ranks, ["run", "recipe.json", "--dir", dir, "--data", `${dir}-prepared`]]],
        root,
        `NODE_OPTIONS="--import ${preload}"`,
      );
    const startedAt = performance.now();
    const whole = await start("whole");
    expect(whole.code, whole.error).toBe(0);
    const wholeMs = performance.now() - startedAt;

    /** Kills one rank after so many milliseconds; how long the job lived on, or nothing if it had ended before. */
    const killed = async (dir: string, rank: number, afterMs: number) => {
      const file = join(root, `pid-${rank}`);
      rmSync(file, { force: true });
      let killedAt: number | undefined;
      const timer = setTimeout(() => {
        if (!existsSync(file)) return;
        try {
          process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
          killedAt = performance.now();
        } catch {} // it has just ended
      }, afterMs);
      const { code, error, out } = await start(dir);
      clearTimeout(timer);
      return { code, text: error + out, livedMs: killedAt === undefined ? undefined : performance.now() - killedAt };
    };

    const lived: number[] = [];
    let [done, training] = [0, 0];
    for (let run = 1; done < kills; run++) {
      const dir = `parts-${run}`;
      for (let code: number | null = 1; code !== 0 && done < kills; ) {
        const result = await killed(dir, Math.floor(Math.random() * ranks), (0.1 + 0.9 * Math.random()) * wholeMs);
        code = result.code;
        if (result.livedMs === undefined || code === 0) {
          expect(code, result.text).toBe(0); // it had ended before its moment came
          break;
        }
        done++;
        lived.push(result.livedMs);
        expect(result.livedMs).toBeLessThan(30_000);
        expect(result.text).toMatch(/rank \d|RANK \d|signal 9|EXIT CODE: 9/);
        if (existsSync(join(root, dir, "checkpoints")) && newestCheckpoint(join(root, dir)) > 0) training++;
      }
      const last = await start(dir);
      expect(last.code, last.error).toBe(0);
      expect(weightsOf(join(root, dir)).equals(weightsOf(join(root, "whole")))).toBe(true);
    }
    lived.sort((a, b) => a - b);
    console.log(
      `${launcher.name}: ${done} kills, ${training} after the first checkpoint; the job lived on for ${Math.round(lived[lived.length >> 1]!)} ms, ${Math.round(lived.at(-1)!)} at most`,
    );
  });
