import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { explain, fault, problemOf } from "@cramkit/errors";
import { readText, sealed, unsealed, writeFileAtomic } from "@cramkit/files";
import type { TrialResult } from "@cramkit/glue";
import { type MetricsRow, readMetrics } from "@cramkit/trainer/node";
import { noRun } from "./no-run.ts";
import { type Difference, differences } from "./recipe/difference.ts";
import { parseRecipe, type Recipe } from "./recipe/recipe.ts";

/** Mean cross-entropy in nats and share of right guesses over the masked tokens of the held-out rows. */
export interface MaskedScore {
  readonly loss: number;
  readonly accuracy: number;
}

/** The same held-out rows, the same masks, three predictors. */
export interface MaskedScores {
  readonly rows: number;
  /** Masked positions. */
  readonly positions: number;
  readonly trained: MaskedScore;
  readonly untrained: MaskedScore;
  /** Guesses every token by its frequency in the training rows. */
  readonly unigram: MaskedScore;
}

/** What the budget bought. */
export interface RunSummary {
  /**
   * The budget that was spent, as the recipe had it then.
   *
   * @defaultValue absent in runs of older versions
   */
  readonly budget?: string;
  readonly parameters: number;
  readonly flopsPerToken: number;
  /**
   * Operations of the optimizer, over all steps.
   *
   * @defaultValue absent in runs of older versions
   */
  readonly optimizerFlops?: number;
  readonly microbatches: number;
  readonly steps: number;
  readonly tokens: number;
  /** Examples of a microbatch, in the end. */
  readonly microbatchSize: number;
  /** Training, with everything between its first and its last microbatch. */
  readonly elapsedMs: number;
  /** When the last checkpoint was on the disk, by the same clock: within a budget of hours. */
  readonly finishedMs: number;
  /** Parts of `elapsedMs` that went into held-out losses and into checkpoints. */
  readonly evaluationMs: number;
  readonly checkpointMs: number;
  readonly longestCheckpointMs: number;
  /**
   * Energy of all processor packages of the machine.
   *
   * @defaultValue absent if the system does not tell
   */
  readonly cpuJoules?: number;
  /**
   * Energy of the machine's NVIDIA card.
   *
   * @defaultValue absent if the system does not tell
   */
  readonly gpuJoules?: number;
  readonly peakMemoryBytes: number;
  readonly backend: string;
  readonly hardware: string;
  readonly node: string;
  /**
   * What computed matrix products on the CPU backend, with its version.
   *
   * @defaultValue absent on other backends
   */
  readonly products?: string;
  readonly rowsPrepared: number;
  readonly epochs: number;
  /**
   * SHA-256 over the files of the model that was left.
   *
   * @defaultValue absent in runs of older versions
   */
  readonly model?: string;
}

/** Settings of a run that changed after it had begun. */
export interface RunChange {
  /** When: an ISO date. */
  readonly at: string;
  /** The step and the microbatch from which on they hold. */
  readonly step: number;
  readonly microbatch: number;
  readonly changes: readonly Difference[];
}

/** What a run folder holds, as far as the run has come. */
export interface RunRecord {
  readonly folder: string;
  readonly recipe: Recipe;
  /**
   * Where its prepared rows are kept.
   *
   * @defaultValue absent in runs of older versions
   */
  readonly dataFolder?: string;
  /** What of its recipe changed after it had begun, in order. */
  readonly changes: readonly RunChange[];
  /**
   * What it went on from.
   *
   * @defaultValue absent if it began with random weights
   */
  readonly origin?: RunOrigin;
  readonly metrics: readonly MetricsRow[];
  /**
   * What pretraining did.
   *
   * @defaultValue absent until pretraining has ended
   */
  readonly summary?: RunSummary;
  /**
   * Scores of masked tokens on held-out text.
   *
   * @defaultValue absent until it is evaluated
   */
  readonly masked?: MaskedScores;
  /**
   * Trials of the probes, of the model and of the same model without pretraining.
   *
   * @defaultValue absent until the probes have run
   */
  readonly probes?: { readonly trained: readonly TrialResult[]; readonly untrained: readonly TrialResult[] };
}

/**
 * The format of a run folder, in its data.json. Runs of format 1 have none there: they drew their masks, orders and dropout
 * with other random numbers and cannot be continued. What they left can still be read.
 */
export const runFormat = 2;

/** `data.json` of a run folder. */
export interface RunData {
  readonly format: number;
  readonly folder: string;
  /**
   * The recipe that the run is trained by.
   *
   * @defaultValue absent in runs of older versions
   */
  readonly recipe?: Recipe;
  /**
   * What of it changed on the way.
   *
   * @defaultValue absent in runs of older versions
   */
  readonly changes?: readonly RunChange[];
  /**
   * What it went on from.
   * @defaultValue absent if it began with random weights
   */
  readonly origin?: RunOrigin;
}

/** What a run went on from. */
export interface RunOrigin {
  /** The folder, as `training.from` names it. */
  readonly from: string;
  /** SHA-256 over its files. */
  readonly digest: string;
}

/** Names of the files in a run folder. */
export const runFiles = (folder: string) => ({
  recipe: join(folder, "recipe.json"),
  /** What a run says of itself that was composed by hand, in place of a recipe. */
  composed: join(folder, "composed.json"),
  /** What computed matrix products when training last began or went on. */
  products: join(folder, "products.json"),
  /** Its format, and where its prepared rows are. */
  data: join(folder, "data.json"),
  metrics: join(folder, "metrics.jsonl"),
  events: join(folder, "tensorboard"),
  checkpoints: join(folder, "checkpoints"),
  model: join(folder, "model"),
  summary: join(folder, "summary.json"),
  masked: join(folder, "masked-tokens.json"),
  probes: join(folder, "probes.json"),
  /** What the scores were measured with; written after them. */
  evaluated: join(folder, "evaluated.json"),
  probeTrials: join(folder, "probes"),
  glue: join(folder, "glue"),
  report: join(folder, "report.html"),
});

/** Reads what a run folder holds. */
export const readRun = async (folder: string): Promise<RunRecord> => {
  const files = runFiles(folder);
  const recipe = await readJson(files.recipe);
  if (recipe === undefined) throw await noRun(folder);
  const data = await readRecord<RunData>(files.data);
  const trained = recipeOf(parseKept(recipe, files.recipe), folder, data);
  const summary = await readSummary(folder);
  // What a run came to before it got a larger budget is not what it comes to.
  const isOver = summary?.budget === undefined || summary.budget === trained.training.budget;
  return {
    folder: resolve(folder),
    recipe: trained,
    dataFolder: data?.folder,
    changes: data?.changes ?? [],
    ...(data?.origin && { origin: data.origin }),
    metrics: await readMetrics(files.metrics),
    ...(isOver && {
      summary,
      masked: await readRecord<MaskedScores>(files.masked, measureAgain(folder)),
      probes: await readRecord<NonNullable<RunRecord["probes"]>>(files.probes, measureAgain(folder)),
    }),
  };
};

/** The recipe that a run is trained by, which recipe.json shows: one that was edited by hand is refused. */
const recipeOf = (shown: Recipe, folder: string, data: RunData | undefined): Recipe => {
  if (!data?.recipe) return shown;
  const { recipe, data: dataFile } = runFiles(folder);
  const trained = parseKept(data.recipe, dataFile);
  const edited = differences(trained, shown);
  const last = data.changes?.at(-1)?.changes ?? [];
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  // A process that was killed between the two files: recipe.json is one change behind.
  const isBehind =
    edited.length === last.length &&
    edited.every(({ path, right }) => last.some((change) => change.path === path && same(change.left, right)));
  if (edited.length === 0 || isBehind) return trained;
  const [first, ...rest] = edited;
  throw fault({
    code: "damaged-file",
    place: recipe,
    problem: `${first!.path} is ${JSON.stringify(first!.right)} here, but the run was trained with ${JSON.stringify(first!.left)}${rest.length > 0 ? `, and ${rest.length} more` : ""}`,
    remedy: `put it back; \`cramkit resume ${folder} --set KEY=VALUE\` changes what a run may change`,
  });
};

/** What the budget bought, when it is spent. */
export const readSummary = (folder: string): Promise<RunSummary | undefined> =>
  readRecord<RunSummary>(runFiles(folder).summary);

/** The library that computed a run's products when it last went on, or "WebAssembly"; undefined before, and on other backends. */
export const readProducts = async (folder: string): Promise<string | undefined> =>
  (await readRecord<{ by: string }>(runFiles(folder).products, "delete it: it is written again"))?.by;

const parseKept = (recipe: unknown, file: string): Recipe => {
  try {
    return parseRecipe(recipe, file);
  } catch (error) {
    throw fault({
      code: "version-mismatch",
      place: file,
      problem: explain(error).problem,
      remedy: "a recipe of another version? Go on with the cramkit that wrote it, or start a new run",
      cause: error,
    });
  }
};

const restore = "restore the file or start a new run";

/** What to do about scores that were damaged. */
const measureAgain = (folder: string): string => `delete it; \`cramkit resume ${folder}\` measures it again`;

/** The parsed content, or undefined if there is no such file. */
export const readJson = async (path: string, remedy: string = restore): Promise<unknown> => {
  if (!(await isThere(path))) return undefined;
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault({
      code: "damaged-file",
      place: path,
      problem: `expected JSON, got ${text.length} characters that are not: ${problemOf(error)}`,
      remedy,
      cause: error,
    });
  }
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    // What else is wrong with it, its reader says.
    (error: NodeJS.ErrnoException) => !["ENOENT", "ENOTDIR"].includes(error.code ?? ""),
  );

/**
 * The record in a file that `writeRecord` wrote, or undefined if there is no such file.
 *
 * @throws a fault `damaged-file` over one that is not as it was written
 */
export const readRecord = async <T extends object>(path: string, remedy: string = restore): Promise<T | undefined> => {
  const record = await readJson(path, remedy);
  return record === undefined ? undefined : unsealed<T>(record, path, remedy);
};

/** Writes a record with its checksum. */
export const writeRecord = (path: string, record: object): Promise<void> => writeJson(path, sealed(record));

export const writeJson = async (path: string, value: unknown): Promise<void> =>
  void (await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`));
