import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";

const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
const cli = resolve("packages/cramkit/src/cli.ts");
const kills = Number(process.env.CRAMKIT_KILLS ?? 100);

type Moment = "any time" | "in training" | "in a checkpoint";
const moments: Moment[] = ["any time", "in training", "in a checkpoint"];

/** Starts a command and, so many milliseconds after the moment has come, kills it the hard way. Null: it was killed. */
const killed = (moment: Moment, ms: number, args: string[], run: string) =>
  new Promise<number | null>((done) => {
    const child = spawn(process.execPath, ["--import", tsx, "--conditions=@cramkit/source", cli, ...args], {
      cwd: dirname(run),
      stdio: "ignore",
    });
    const hasCome = (): boolean => {
      if (moment === "any time") return true;
      return lockOf(run).includes(`"pid":${child.pid}`) && (moment === "in training" || isWritingACheckpoint(run));
    };
    let timer = setInterval(() => {
      if (!hasCome()) return;
      clearInterval(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), ms);
    }, 1);
    child.on("close", (code) => {
      clearTimeout(timer);
      done(code);
    });
  });

const lockOf = (run: string): string => {
  try {
    return readFileSync(join(run, "run.lock"), "utf8");
  } catch {
    return "";
  }
};

const isWritingACheckpoint = (run: string): boolean => {
  const folder = join(run, "checkpoints");
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".partial"));
};

/** Names below a folder, none where it is not there yet. */
const below = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];

/** Every file that has its final name is whole: JSON parses, and what has a checksum matches it. */
const expectWhole = (folder: string): void => {
  for (const name of below(folder)) {
    if (name.includes(".partial")) continue;
    if (name.endsWith(".json")) JSON.parse(readFileSync(join(folder, name), "utf8"));
    if (!name.endsWith("checkpoint.json")) continue;
    const { files } = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const [file, { sha256 }] of Object.entries<{ sha256: string }>(files)) {
      const content = readFileSync(join(folder, name, "..", file));
      expect(createHash("sha256").update(content).digest("hex"), join(name, "..", file)).toBe(sha256);
    }
  }
};

it(`ends with the weights of an undisturbed run after ${kills} kills at random moments`, async () => {
  const root = mkdtempSync(join(tmpdir(), "kill-"));
  const lines = Array.from(
    { length: 2000 },
    (_, i) => `Line ${i % 97} says that cat ${i % 13} sat on mat ${i % 7} again.`,
  );
  writeFileSync(join(root, "text.txt"), lines.join("\n"));
  const base = recipes.smoke();
  const recipe = {
    ...base,
    name: "killed",
    corpus: {
      ...base.corpus,
      sources: [{ kind: "files", path: "text.txt", unit: "line" }],
      minCharacters: 0,
      maxDocuments: null,
      exactDuplicates: false,
    },
    tokenizer: { model: "WordPiece", vocabSize: 100 },
    training: { ...base.training, budget: "4000 steps" },
    evaluation: { ...base.evaluation, every: 0.25, probes: { ...base.evaluation.probes, trials: 0 } },
    checkpoints: { minutes: 0.001, keep: 2 },
  };
  writeFileSync(join(root, "recipe.json"), JSON.stringify(recipe));
  const command = (dir: string) => ["run", "recipe.json", "--dir", dir, "--data", `${dir}-prepared`];
  const weights = (dir: string) => readFileSync(join(root, dir, "model", "model.safetensors"));
  const undisturbed = (dir: string) => killed("any time", 3_600_000, command(dir), join(root, dir));

  const startedAt = performance.now();
  expect(await undisturbed("whole")).toBe(0);
  const wholeMs = performance.now() - startedAt;
  let count = 0;
  const left = { nothing: 0, lock: 0, checkpoint: 0 };
  for (let run = 1; count < kills; run++) {
    const dir = `parts-${run}`;
    let code: number | null = null;
    while (code === null && count < kills) {
      const moment = moments[count % moments.length]!;
      const within = { "any time": wholeMs, "in training": wholeMs / 8, "in a checkpoint": 10 }[moment];
      code = await killed(moment, within * Math.random(), command(dir), join(root, dir));
      if (code !== null) break;
      count++;
      for (const folder of [dir, `${dir}-prepared`]) expectWhole(join(root, folder));
      if (isWritingACheckpoint(join(root, dir))) left.checkpoint++;
      else if (existsSync(join(root, dir, "run.lock"))) left.lock++;
      else left.nothing++;
    }
    expect(code ?? (await undisturbed(dir))).toBe(0);
    expect(weights(dir).equals(weights("whole"))).toBe(true);
    expect(below(join(root, dir)).filter((name) => name.includes(".partial"))).toEqual([]);
  }
  console.log(
    `${count} kills: ${left.nothing} before training, ${left.lock} in training or evaluation, ${left.checkpoint} while a checkpoint was written`,
  );
  if (kills >= 25) expect(left.checkpoint).toBeGreaterThan(kills / 10);
});
