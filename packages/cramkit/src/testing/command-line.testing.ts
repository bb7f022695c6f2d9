import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { recipes } from "@cramkit/recipes";
import { sourceCli } from "../../../../scripts/source-cli.mjs";

const tsx = pathToFileURL(resolve("node_modules/tsx/dist/loader.mjs")).href;
const cli = await sourceCli();

interface Ended {
  /** Null: ended by a signal. */
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** What it has written to standard error so far. */
  error(): string;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd: string;
  /** A module that is loaded before anything else. */
  readonly preload?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What its standard input has. */
  readonly input?: string;
}

/** The command line of these sources, as the words of a command. */
export const cramkitCommand = (args: readonly string[], preload?: string): [string, ...string[]] => [
  process.execPath,
  ...(preload ? ["--import", tsx, "--import", pathToFileURL(preload).href] : []),
  ...["--conditions=@cramkit/source", cli, ...args],
];

/** The same for a shell. */
export const shellCommand = (args: readonly string[]): string =>
  cramkitCommand(args)
    .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
    .join(" ");

/** Starts the command line of these sources. */
export const startCramkit = (args: readonly string[], { cwd, preload, env, input }: StartOptions): Started => {
  const [command, ...words] = cramkitCommand(args, preload);
  return follow(spawn(command, words, { cwd, env: { ...process.env, ...env } }), input);
};

/** Starts a shell's command. */
export const startShell = (command: string, { cwd }: StartOptions): Started =>
  follow(spawn("bash", ["-c", command], { cwd, detached: true }));

const follow = (child: ReturnType<typeof spawn>, input = ""): Started => {
  let [out, error] = ["", ""];
  child.stdout!.on("data", (chunk) => (out += chunk));
  child.stderr!.on("data", (chunk) => (error += chunk));
  child.stdin!.end(input);
  const ended = new Promise<Ended>((done) => child.on("close", (code) => done({ code, out, error })));
  return { child, error: () => error, ended };
};

/** A folder with `recipe.json`, a run over a little text that takes some seconds; `steps` decides how many. */
export const smallRun = (steps: number): string => {
  const root = mkdtempSync(join(tmpdir(), "cramkit-"));
  const lines = Array.from({ length: 2000 }, (_, i) => `Line ${i % 97} says that cat ${i % 13} sat on mat ${i % 7}.`);
  writeFileSync(join(root, "text.txt"), lines.join("\n"));
  const base = recipes.smoke();
  const recipe = {
    ...base,
    name: "small",
    corpus: {
      ...base.corpus,
      sources: [{ kind: "files", path: "text.txt", unit: "line" }],
      minCharacters: 0,
      maxDocuments: null,
      exactDuplicates: false,
    },
    tokenizer: { model: "WordPiece", vocabSize: 100 },
    training: { ...base.training, budget: `${steps} steps` },
    evaluation: { ...base.evaluation, every: 0.25, probes: { ...base.evaluation.probes, trials: 0 } },
    checkpoints: { minutes: 0.001, keep: 2 },
  };
  writeFileSync(join(root, "recipe.json"), JSON.stringify(recipe));
  return root;
};

export const weightsOf = (run: string): Buffer => readFileSync(join(run, "model", "model.safetensors"));

/** Who works on a run, as its lock says; undefined if nobody does. */
export const workerOn = (run: string): number | undefined => {
  try {
    return JSON.parse(readFileSync(join(run, "run.lock"), "utf8")).pid;
  } catch {
    return undefined; // not there, or not written yet
  }
};

/** Resolves once a process trains, that is, has written metrics. */
export const isTraining = async (run: string, pid: number | undefined): Promise<void> => {
  const metrics = join(run, "metrics.jsonl");
  while (workerOn(run) !== pid || !existsSync(metrics) || readFileSync(metrics).length === 0)
    await new Promise((wait) => setTimeout(wait, 5));
};

export const waitFor = async (what: () => boolean): Promise<void> => {
  while (!what()) await new Promise((wait) => setTimeout(wait, 20));
};

/** The microbatch of the newest checkpoint; 0 before the first. */
export const newestCheckpoint = (run: string): number => {
  const folder = join(run, "checkpoints");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.includes(".partial-")) : [];
  return Number(names.sort().at(-1)?.split("-")[1] ?? 0);
};

/** Runs a program of the system; its exit code, null if there is none of this name. */
export const system = (program: string, ...args: string[]): number | null => spawnSync(program, args).status;

/** Whether a terminal of our own can be had here. */
export const hasPty = process.platform === "linux" && system("script", "--version") === 0;

/** Whether a small disk of our own can be had here. */
export const canMount = process.getuid?.() === 0 && system("mount", "--version") === 0;
