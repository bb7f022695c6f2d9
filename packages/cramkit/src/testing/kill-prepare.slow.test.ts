import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { cramkitCommand } from "./command-line.testing.ts";

const kills = Number(process.env.CRAMKIT_KILLS ?? 30);

/** Words that no two documents share for long, except those that are planted twice. */
const textOf = (n: number): string => {
  let state = n;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  const word = () => Array.from({ length: 2 + (next() % 5) }, () => "etaoinshrdlucmfw"[(next() >>> 9) % 16]).join("");
  return `${Array.from({ length: 300 }, word).join(" ")}. ${n % 50 === 0 ? "A notice that stands under many of the pages, word for word, and is longer than the limit." : ""}`;
};

const digests = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path.slice(folder.length), createHash("sha256").update(readFileSync(path)).digest("hex")]);

it(`prepares the same bytes after ${kills} kills at random moments`, { timeout: kills * 120_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), "kill-prepare-"));
  const lines = Array.from({ length: 9000 }, (_, n) => JSON.stringify({ text: textOf(n), id: n }));
  writeFileSync(join(root, "text.jsonl"), lines.join("\n"));
  const base = recipes["crammed-bert"]();
  const recipe = {
    ...base,
    name: "killed",
    corpus: {
      ...base.corpus,
      sources: [{ kind: "files", path: "text.jsonl" }],
      duplicateBytes: 75,
      maxTokensPerCharacter: 0.57, // near the mean: about half of the documents are dropped
      threads: 2,
    },
    tokenizer: { model: "WordPiece", vocabSize: 4000 },
  };
  writeFileSync(join(root, "recipe.json"), JSON.stringify(recipe));

  /** Null: it was killed. */
  const prepare = (data: string, killAfterMs?: number) =>
    new Promise<number | null>((done) => {
      const [command, ...args] = cramkitCommand(["prepare", "recipe.json", "--data", data]);
      const child = spawn(command, args, { cwd: root, stdio: "ignore" });
      const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
      child.on("close", (code) => {
        clearTimeout(timer);
        done(code);
      });
    });
  const folderOf = (data: string) => join(root, data, readdirSync(join(root, data))[0]!);

  const startedAt = performance.now();
  expect(await prepare("whole")).toBe(0);
  const wholeMs = performance.now() - startedAt;
  const whole = digests(folderOf("whole"));

  const found = { nothing: 0, reading: 0, texts: 0, tokenizer: 0, packed: 0 };
  let count = 0;
  for (let run = 0; count < kills; run++) {
    const data = `parts-${run}`;
    let code: number | null = null;
    while (code === null) {
      code = await prepare(data, count < kills ? wholeMs * Math.random() : undefined);
      if (code !== null) break;
      count++;
      if (count % 10 === 0) console.log(`${count} of ${kills} kills`);
      const has = (name: string) => existsSync(join(root, data)) && existsSync(join(folderOf(data), name));
      if (has("training/manifest.json")) found.packed++;
      else if (has("tokenizer.json")) found.tokenizer++;
      else if (has("work/texts.json")) found.texts++;
      else if (has("work")) found.reading++;
      else found.nothing++;
    }
    expect(code).toBe(0);
    expect(digests(folderOf(data))).toEqual(whole);
    rmSync(join(root, data), { recursive: true });
  }
  console.log(`${count} kills of ${(wholeMs / 1000).toFixed(1)} s, what was there: ${JSON.stringify(found)}`);
  if (kills >= 30) expect(Math.min(found.reading, found.tokenizer)).toBeGreaterThan(0);
  rmSync(root, { recursive: true });
});
