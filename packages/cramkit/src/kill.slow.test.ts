import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";

const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
const cli = resolve("packages/cramkit/src/cli.ts");
const kills = Number(process.env.CRAMKIT_KILLS ?? 100);

/** Starts a command and kills it the hard way after so many milliseconds, unless it has ended by then. */
const killedAfter = (ms: number, args: string[], cwd: string) =>
  new Promise<number | null>((done) => {
    const child = spawn(process.execPath, ["--import", tsx, "--conditions=@cramkit/source", cli, ...args], {
      cwd,
      stdio: "ignore",
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    child.on("close", (code) => {
      clearTimeout(timer);
      done(code);
    });
  });

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

  expect(await killedAfter(3_600_000, command("whole"), root)).toBe(0);
  let killed = 0;
  const caught = { preparing: 0, training: 0, writingACheckpoint: 0 };
  for (let run = 1; killed < kills; run++) {
    const dir = `parts-${run}`;
    let code: number | null = null;
    while (code === null && killed < kills) {
      // Early ones hit set-up and preparation, later ones training and checkpoints.
      code = await killedAfter(300 + 4000 * Math.random(), command(dir), root);
      if (code !== null) break;
      killed++;
      for (const folder of [dir, `${dir}-prepared`]) expectWhole(join(root, folder));
      const inCheckpoint = below(join(root, dir, "checkpoints")).some((name) => name.includes(".partial"));
      caught[
        inCheckpoint ? "writingACheckpoint" : existsSync(join(root, dir, "run.lock")) ? "training" : "preparing"
      ]++;
    }
    expect(code ?? (await killedAfter(3_600_000, command(dir), root))).toBe(0);
    expect(weights(dir).equals(weights("whole"))).toBe(true);
    const leftovers = readdirSync(join(root, dir), { recursive: true }).filter((name) =>
      `${name}`.includes(".partial"),
    );
    expect(leftovers).toEqual([]);
  }
  console.log(`${killed} kills: ${JSON.stringify(caught)}`);
  if (kills >= 25) expect(caught.writingACheckpoint).toBeGreaterThan(0);
});
