import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const text = resolve(process.env.CRAMKIT_SHARED ?? "../shared", "data/text");

/** A program that prepares crammed BERT over a folder, and prints what each stage took. */
const program = `
import { crammedBert } from ${JSON.stringify(resolve("packages/recipes/src/catalogue/crammed-bert.ts"))};
import { prepare } from ${JSON.stringify(resolve("packages/recipes/src/prepare/prepare.ts"))};
const [path, data, changes] = process.argv.slice(2);
const base = crammedBert();
const recipe = { ...base, corpus: { ...base.corpus, sources: [{ kind: "files", path }], ...JSON.parse(changes) } };
const stages = {};
let [stage, at, cpu] = ["starting", performance.now(), process.cpuUsage()];
const next = (name) => {
  const { user, system } = process.cpuUsage(cpu);
  const spent = (stages[stage] ??= { seconds: 0, cpuSeconds: 0 });
  spent.seconds += (performance.now() - at) / 1e3;
  spent.cpuSeconds += (user + system) / 1e6;
  [stage, at, cpu] = [name, performance.now(), process.cpuUsage()];
};
const onProgress = (progress) => progress.stage !== stage && next(progress.stage);
const { folder, report, training, close } = await prepare(recipe, data, { onProgress, say() {} });
next("");
close();
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ folder, stages, peakBytes, rows: training.rowCount, read: report.sources[0].read }));
`;

interface Outcome {
  folder: string;
  stages: Record<string, { seconds: number; cpuSeconds: number }>;
  peakBytes: number;
  rows: number;
  read: { files: number; characters: number };
}

it.skipIf(!existsSync(text))(
  "prepares all of the development text: 8 MB a second of one core, below 3 GB, the same bytes with one or two threads",
  async () => {
    const root = mkdtempSync(join(tmpdir(), "cramkit-whole-"));
    const file = join(root, "prepare.mts");
    writeFileSync(file, program);
    const run = async (name: string, changes: object): Promise<Outcome & { digest: string }> => {
      const args = ["--import", "tsx", "--conditions=@cramkit/source", file];
      const child = spawn(process.execPath, [...args, text, join(root, name), JSON.stringify(changes)]);
      let output = "";
      child.stdout.on("data", (data) => {
        output += data;
      });
      child.stderr.pipe(process.stderr);
      await once(child, "close");
      const outcome = JSON.parse(output) as Outcome;
      const hash = createHash("sha256");
      for (const entry of readdirSync(outcome.folder, { recursive: true }).map(String).sort())
        if (/\.(json|bin)$/.test(entry)) hash.update(entry).update(readFileSync(join(outcome.folder, entry)));
      rmSync(join(root, name), { recursive: true });
      // Nearly all of the text is ASCII: a character is a byte, to half a percent.
      const megabytes = outcome.read.characters / 1e6;
      const lines = Object.entries(outcome.stages).map(
        ([stage, { seconds, cpuSeconds }]) =>
          `${stage}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of processors`,
      );
      const [seconds, cpuSeconds] = (["seconds", "cpuSeconds"] as const).map((unit) =>
        Object.values(outcome.stages).reduce((sum, spent) => sum + spent[unit], 0),
      ) as [number, number];
      const rates = `${(megabytes / seconds).toFixed(1)} MB/s, ${(megabytes / cpuSeconds).toFixed(1)} MB/s of one core`;
      const peak = `${(outcome.peakBytes / 1e6).toFixed(0)} MB at most`;
      console.log([`${name}: ${rates}, ${peak}, ${outcome.rows} rows`, ...lines].join("\n  "));
      expect(megabytes / cpuSeconds).toBeGreaterThan(8);
      expect(outcome.peakBytes).toBeLessThan(3e9);
      return { ...outcome, digest: hash.digest("hex") };
    };
    const two = await run("two threads", { threads: 2 });
    expect(two.read.files).toBe(26);
    const one = await run("one thread", { threads: 1 });
    const again = await run("two threads again", { threads: 2 });
    expect(one.digest).toBe(two.digest);
    expect(again.digest).toBe(two.digest);
    rmSync(root, { recursive: true });
  },
);
