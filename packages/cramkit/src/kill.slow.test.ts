import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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
  const command = (dir: string) => ["run", "recipe.json", "--dir", dir];
  const weights = (dir: string) => readFileSync(join(root, dir, "model", "model.safetensors"));

  expect(await killedAfter(3_600_000, command("whole"), root)).toBe(0);
  let killed = 0;
  for (let run = 1; killed < kills; run++) {
    const dir = `parts-${run}`;
    let code: number | null = null;
    while (code === null && killed < kills) {
      // Early ones hit set-up and preparation, later ones training and checkpoints.
      code = await killedAfter(300 + 4000 * Math.random(), command(dir), root);
      if (code === null) killed++;
    }
    expect(code ?? (await killedAfter(3_600_000, command(dir), root))).toBe(0);
    expect(weights(dir).equals(weights("whole"))).toBe(true);
    const leftovers = readdirSync(join(root, dir), { recursive: true }).filter((name) =>
      `${name}`.includes(".partial"),
    );
    expect(leftovers).toEqual([]);
  }
});
