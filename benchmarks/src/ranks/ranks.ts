import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../measure/places.ts";

/** Launchers as Debian names them, with what lets them start more ranks than cores, as root as well. */
const known = [
  "mpirun.mpich -bind-to none",
  "mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none --mca btl_vader_single_copy_mechanism none",
];

export interface RanksOptions {
  /** The launcher and its options. @defaultValue MPICH's or Open MPI's of Debian */
  readonly launcher?: string;
  /** Seeds of the comparison of DiLoCo with averaging at every step; 0 leaves it out. */
  readonly seeds: number;
  readonly steps: number;
  /** Outer learning rates and momenta of DiLoCo that are compared. */
  readonly outer: readonly (readonly [learningRate: number, momentum: number])[];
  /** Times that each number of ranks trains, in turns. */
  readonly rounds: number;
  /** Whether to measure sums over ranks. */
  readonly sums: boolean;
  readonly quick: boolean;
}

interface Row {
  readonly step: number;
  readonly elapsedMs: number;
  readonly tokens: number;
  readonly heldOutLoss?: number;
}

const repository = resolve(root, "..");
const source = [
  "--import",
  pathToFileURL(join(repository, "node_modules/tsx/dist/loader.mjs")).href,
  "--conditions=@cramkit/source",
];

/** Runs a script of this checkout on ranks; what it printed. */
const onRanks = (launcher: string, ranks: number, script: string, args: readonly string[]): Promise<string> =>
  new Promise((done, fail) => {
    const [command, ...options] = launcher.split(" ");
    const node = [process.execPath, ...source, script, ...args];
    const all = ranks === 1 ? node : [command!, ...options, "-n", `${ranks}`, ...node];
    const child = spawn(all[0]!, all.slice(1), { cwd: repository, stdio: ["ignore", "pipe", "pipe"] });
    let [out, error] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (error += text));
    child.on("close", (code) =>
      code === 0 ? done(out) : fail(new Error(`${ranks} ranks ended with ${code}: ${error.slice(-2000)}`)),
    );
  });

/**
 * What several ranks on this machine give: the sum over ranks beside a copy, two ranks with a thread each beside one with one,
 * and DiLoCo beside averaging at every step on a toy. Prints Markdown.
 */
export const measureRanks = async ({
  launcher,
  seeds,
  steps,
  outer,
  rounds,
  quick,
  ...options
}: RanksOptions): Promise<void> => {
  const found = launcher ?? known.find((line) => spawnSync(line.split(" ")[0]!, ["--version"]).error === undefined);
  if (found === undefined)
    throw new RangeError("bench ranks: expected an MPI launcher, found none; name one with --launcher");
  console.log(`launcher: ${found}\n`);
  if (options.sums) await sums(found, quick);
  const folder = mkdtempSync(join(tmpdir(), "cramkit-ranks-"));
  try {
    if (rounds > 0) await speeds(found, folder, rounds, quick);
    if (seeds > 0) await localSteps(found, folder, { seeds, steps, outer });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const sums = async (launcher: string, quick: boolean): Promise<void> => {
  const script = join(root, "src/ranks/all-reduce.ts");
  console.log(
    "| ranks | float32 values | all-reduce, ms | copy of as many bytes, ms | times the copy |\n| --- | --- | --- | --- | --- |",
  );
  for (const ranks of [2, 4]) {
    for (const line of (await onRanks(launcher, ranks, script, quick ? ["--quick"] : [])).trim().split("\n")) {
      const { length, sumMs, copyMs } = JSON.parse(line) as { length: number; sumMs: number; copyMs: number };
      console.log(
        `| ${ranks} | ${length.toLocaleString("en-US")} | ${sumMs.toPrecision(3)} | ${copyMs.toPrecision(3)} | ${(sumMs / copyMs).toPrecision(2)} |`,
      );
    }
  }
};

type Changes = { readonly [key: string]: unknown };

/** Trains a recipe on so many ranks, in a folder of its own; what it measured. */
const trained = async (
  launcher: string,
  folder: string,
  name: string,
  ranks: number,
  recipe: Changes,
): Promise<Row[]> => {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify({ extends: "quickstart", name, backend: { threads: 1 }, ...recipe }));
  const dir = join(folder, name);
  if (existsSync(dir)) rmSync(dir, { recursive: true });
  await onRanks(launcher, ranks, join(repository, "packages/cramkit/src/cli.ts"), [
    "pretrain",
    file,
    "--dir",
    dir,
    "--data",
    join(folder, "prepared"),
  ]);
  return readFileSync(join(dir, "metrics.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
};

/** Tokens a second between the first logged step and the last, the first being warm-up. */
const rateOf = (rows: readonly Row[]): number => {
  const timed = rows.filter(({ elapsedMs, tokens }) => elapsedMs !== undefined && tokens !== undefined);
  const [first, last] = [timed[0]!, timed.at(-1)!];
  return (1000 * (last.tokens - first.tokens)) / (last.elapsedMs - first.elapsedMs);
};

/** Rows of a step, and steps that are timed: what ranks exchange does not grow with the rows. */
const sizes = [
  [64, 17],
  [256, 6],
] as const;

const speeds = async (launcher: string, folder: string, rounds: number, quick: boolean): Promise<void> => {
  const model = quick ? {} : { layers: 4, hidden: 256, heads: 4, intermediate: 1024 };
  const evaluation = { every: 1, rows: 8, probes: { trials: 0 } };
  const titles = [
    "round",
    "rows a step",
    "one rank, tokens/s",
    "two ranks, tokens/s",
    "times",
    "two runs at once, times",
  ];
  console.log(`\n| ${titles.join(" | ")} |\n${"| --- ".repeat(titles.length)}|`);
  for (let round = 1; round <= rounds; round++) {
    for (const [batchSize, steps] of quick ? sizes.slice(0, 1) : sizes) {
      const budget = quick ? "4 steps" : `${steps} steps`;
      const training = { budget, batchSize, microbatchSize: 8, batchRamp: 0 };
      const rate = async (name: string, ranks: number) =>
        rateOf(await trained(launcher, folder, name, ranks, { training, model, evaluation }));
      const one = await rate("one", 1);
      const two = await rate("two", 2);
      // What the machine gives two processes that do not wait for each other: no ranks can do better.
      const both = (await Promise.all(["left", "right"].map((name) => rate(name, 1)))).reduce((a, b) => a + b);
      const speeds = [one, two].map((value) => Math.round(value).toLocaleString("en-US"));
      const times = [two, both].map((value) => (value / one).toFixed(2));
      console.log(`| ${[round, batchSize, ...speeds, ...times].join(" | ")} |`);
    }
  }
};

/** Averaging at every step, then local steps with each outer learning rate and momentum. */
const localSteps = async (
  launcher: string,
  folder: string,
  { seeds, steps, outer }: Pick<RanksOptions, "seeds" | "steps" | "outer">,
): Promise<void> => {
  const names = outer.map(([rate, momentum]) => `every 10, ${rate} and ${momentum}`);
  console.log(`\n| seed | every step | ${names.join(" | ")} |\n${"| --- ".repeat(names.length + 2)}|`);
  const losses: number[][] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const row: number[] = [];
    for (const pair of [undefined, ...outer]) {
      const localSteps = pair ? { every: 10, outerLearningRate: pair[0], outerMomentum: pair[1] } : null;
      const training = { budget: `${steps} steps`, batchSize: 16, microbatchSize: 8, batchRamp: 0, localSteps };
      const rows = await trained(launcher, folder, `${row.length}-${seed}`, 2, {
        seed,
        ...{
          corpus: { seed: 1 },
          rows: { seqLength: 64 },
          model: { hidden: 64, heads: 2, intermediate: 256, maxLength: 64 },
        },
        ...{ tokenizer: { vocabSize: 2048 }, training, evaluation: { every: 0.25, rows: 256, probes: { trials: 0 } } },
      });
      row.push(rows.filter(({ heldOutLoss }) => heldOutLoss !== undefined).at(-1)!.heldOutLoss!);
    }
    losses.push(row);
    const [each, ...local] = row as [number, ...number[]];
    const cells = local.map((loss) => `${loss.toFixed(4)} (${(100 * (loss / each - 1)).toFixed(2)} %)`);
    console.log(`| ${seed} | ${each.toFixed(4)} | ${cells.join(" | ")} |`);
  }
  const spread = losses.map(([each]) => each!).sort((a, b) => a - b);
  console.log(
    `\nheld-out losses after ${steps} steps; the spread of the seeds of "every step" is ${(100 * (spread.at(-1)! / spread[0]! - 1)).toFixed(2)} %`,
  );
};
