import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cramkitCommand } from "./command-line.testing.ts";

const kills = Number(process.env.CRAMKIT_KILLS ?? 12);
const tasks = 3;

const digests = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path.slice(folder.length), createHash("sha256").update(readFileSync(path)).digest("hex")]);

it(`prepares by ${tasks} tasks the bytes of one process, after ${kills} kills at random moments`, {
  timeout: 3_600_000,
}, async () => {
  const root = mkdtempSync(join(tmpdir(), "kill-tasks-"));
  mkdirSync(join(root, "texts"));
  const words = "all work and no play makes every long day a dull one for whoever counts words".split(" ");
  for (let file = 0; file < 6; file++) {
    const lines = Array.from({ length: 300 }, (_, n) => {
      const text = Array.from(
        { length: 120 },
        (_, i) => words[(n * 7 + i * (file + 3) + ((n * i) % 5)) % words.length],
      );
      return JSON.stringify({ id: `${file}/${n}`, text: `${text.join(" ")}. ${n % 10 === 0 ? "" : `${file} ${n}`}` });
    });
    writeFileSync(join(root, "texts", `${file}.jsonl`), lines.join("\n"));
  }
  const recipe = {
    ...{ extends: "smoke", name: "killed", tokenizer: { vocabSize: 160 } },
    corpus: {
      ...{ sources: [{ kind: "files", path: "texts" }], exactDuplicates: true, threads: 0, maxDocuments: null },
      nearDuplicates: { words: 5, bands: 14, rows: 8 },
    },
  };
  writeFileSync(join(root, "recipe.json"), JSON.stringify(recipe));

  /** Null: it was killed. */
  const prepare = (data: string, more: string[], killAfterMs?: number) =>
    new Promise<number | null>((done) => {
      const [command, ...args] = cramkitCommand(["prepare", "recipe.json", "--data", data, ...more]);
      const child = spawn(command, args, { cwd: root, stdio: ["ignore", "ignore", "ignore"] });
      const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
      child.on("close", (code) => {
        clearTimeout(timer);
        done(code);
      });
    });
  const startedAt = performance.now();
  expect(await prepare("whole", [])).toBe(0);
  const wholeMs = performance.now() - startedAt;
  const folderOf = (data: string) => join(root, data, readdirSync(join(root, data))[0]!);
  const whole = digests(folderOf("whole"));

  let killed = 0;
  for (let run = 0; killed < kills; run++) {
    const data = `tasks-${run}`;
    const untilDone = async (task: number) => {
      for (;;) {
        const killAfterMs = killed < kills ? 2 * wholeMs * Math.random() : undefined;
        const code = await prepare(data, ["--task", `${task}`, "--of", `${tasks}`, "--wait"], killAfterMs);
        if (code !== null) return code;
        killed++;
      }
    };
    expect(await Promise.all(Array.from({ length: tasks }, (_, task) => untilDone(task)))).toEqual([0, 0, 0]);
    expect(digests(folderOf(data))).toEqual(whole);
    rmSync(join(root, data), { recursive: true });
  }
  rmSync(root, { recursive: true });
});
