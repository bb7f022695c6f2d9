import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../measure/places.ts";

export interface CompareFinetuningOptions {
  /** Folder of a run. */
  readonly model: string;
  readonly python: string;
  readonly seeds: number;
  /** What both sides take: `--task`, `--train`, `--dev`, `--text`, `--text-pair`, `--label`. */
  readonly data: readonly string[];
  /** Settings of `cramkit finetune`, which PyTorch reads from what it wrote: `--epochs`, `--max-length` and the like. */
  readonly settings: readonly string[];
}

/** What one side came to with each seed. */
interface Scores {
  readonly name: string;
  /** The best epoch's. */
  readonly scores: readonly number[];
  /** Of the processor. */
  readonly seconds: readonly number[];
}

type PeerLine =
  | { kind: "ready"; description: string }
  | { kind: "skipped"; reason: string }
  | { kind: "seed"; history: readonly Readonly<Record<string, number>>[]; seconds: number };

const repository = resolve(root, "..");
const cramkit = [
  process.execPath,
  ...["--import", pathToFileURL(join(repository, "node_modules/tsx/dist/loader.mjs")).href],
  ...["--conditions=@cramkit/source", join(repository, "packages/cramkit/src/cli.ts")],
];
/** The processor seconds of a shell's children, as the last line of POSIX's `times` has them. */
const clocked = 'OMP_NUM_THREADS=1 "$@"; code=$?; times >&2; exit $code';

/** Runs a command; what it printed, and its processor seconds. */
const run = (words: readonly string[]): Promise<{ out: string; seconds: number }> =>
  new Promise((done, fail) => {
    const child = spawn("sh", ["-c", clocked, "sh", ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, error] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (error += text));
    child.on("error", fail);
    child.on("close", (code) => {
      if (code !== 0) return fail(new Error(`${words.at(-1)} ended with ${code}: ${error.slice(-2000)}`));
      const last = error.trim().split("\n").at(-1)!;
      const parts = [...last.matchAll(/(\d+)m([\d.]+)s/g)].map(
        ([, minutes, rest]) => 60 * Number(minutes) + Number(rest),
      );
      done({ out, seconds: parts.reduce((sum, part) => sum + part, 0) });
    });
  });

/** Sample mean and standard deviation. */
export const meanAndSpread = (values: readonly number[]): { mean: number; spread: number } => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / Math.max(1, values.length - 1)) };
};

/** A table of both sides in Markdown. */
export const comparisonTable = (metric: string, sides: readonly Scores[]): string =>
  [
    `| | ${metric}: mean | deviation | each seed | processor seconds a seed |`,
    "| --- | --- | --- | --- | --- |",
    ...sides.map(({ name, scores, seconds }) => {
      const { mean, spread } = meanAndSpread(scores);
      const each = scores.map((score) => score.toFixed(4)).join(", ");
      return `| ${name} | ${mean.toFixed(4)} | ${spread.toFixed(4)} | ${each} | ${meanAndSpread(seconds).mean.toFixed(1)} |`;
    }),
  ].join("\n");

/** The score by which each task chooses its best epoch. */
const metrics: Readonly<Record<string, string>> = { classes: "accuracy", tags: "f1", embedding: "mrr" };

/**
 * `cramkit finetune` and PyTorch with the same pretrained weights, data and settings, once for each seed and one after the
 * other: the best epoch's score on the dev set. Order, dropout and the head's first weights are draws of each side's own.
 * Prints Markdown.
 */
export const compareFinetuning = async (options: CompareFinetuningOptions): Promise<void> => {
  const { model, python, seeds, data, settings } = options;
  const task = data[data.indexOf("--task") + 1]!;
  const metric = metrics[task];
  if (metric === undefined)
    throw new RangeError(`bench finetune: expected --task ${Object.keys(metrics).join(", ")}, got ${task}`);
  const folder = mkdtempSync(join(tmpdir(), "compare-finetuning-"));
  try {
    const exported = join(folder, "exported");
    await run([...cramkit, "export", model, "--to", "hf", "--out", exported]);
    const ours: Scores & { scores: number[]; seconds: number[] } = { name: "Cramkit", scores: [], seconds: [] };
    for (let seed = 0; seed < seeds; seed++) {
      const out = join(folder, `seed-${seed}`);
      const place = ["--out", out, "--seed", `${seed}`, "--threads", "1", "--backend", "cpu"];
      const { seconds } = await run([...cramkit, "finetune", model, ...data, ...settings, ...place]);
      const result = JSON.parse(readFileSync(join(out, "result.json"), "utf8"));
      ours.scores.push(result.evaluation.scores[metric]);
      ours.seconds.push(seconds);
      writeFileSync(join(folder, "settings.json"), JSON.stringify(result.settings));
      console.error(`Cramkit, seed ${seed}: ${metric} ${ours.scores.at(-1)!.toFixed(4)}, ${seconds.toFixed(1)} s`);
    }
    const script = join(root, "peers", "own-labels.py");
    const asked = ["--model", exported, "--settings", join(folder, "settings.json"), "--seeds", `${seeds}`];
    const { out } = await run([python, script, ...asked, ...data]);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as PeerLine);
    const [first] = lines;
    if (first?.kind !== "ready")
      throw new Error(`PyTorch: ${first?.kind === "skipped" ? first.reason : "said nothing"}`);
    const trained = lines.filter((line) => line.kind === "seed");
    const theirs: Scores = {
      name: first.description,
      scores: trained.map(({ history }) => Math.max(...history.map((scores) => scores[metric]!))),
      seconds: trained.map(({ seconds }) => seconds),
    };
    console.log(comparisonTable(metric, [ours, theirs]));
  } finally {
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  }
};
