import type { GlueName } from "@cramkit/glue";
import type { SuiteOptions } from "../measure/suite.ts";

/** What a cram is asked to do. Plain JSON: its parts get it as it is. */
export interface CramOptions {
  /** Of the whole; a cram of toys has no end of its own. */
  minutes: number;
  backend: "webgpu" | "cuda" | "cpu";
  precision: SuiteOptions["precision"];
  /** Names of recipes that share the training time. */
  recipes: readonly string[];
  /** Prepared rows, and GLUE's tasks. */
  prepared: string;
  glue: string;
  tasks: readonly GlueName[];
  /** Settings of the recipes, after those of the rows and of the cram itself. */
  set: readonly string[];
  /** Toys: does every part work here? */
  quick: boolean;
  allowSoftware: boolean;
  python: string;
  /** Where everything lands. */
  folder: string;
}

/** What a cram scores: MNLI after the small ones, if time is left. */
export const cramTasks: readonly GlueName[] = ["cola", "mrpc", "rte", "stsb", "sst2", "mnli"];

/** A process of a cram. */
export interface CramPart {
  kind: "ceilings" | "train" | "finetune" | "untrained" | "pytorch";
  /** The recipe that it is about; none for the ceilings. */
  recipe?: string;
  /** Ends it, however much time is left. */
  limitMs: number;
  /** Its share of the time that is left, beside the parts that come after it; none for a part with a time of its own. */
  share?: number;
}

/** Training's part of the whole: six of ten minutes. */
const trainingShare = 0.6;

/** Training minutes of each recipe. */
export const trainingMinutes = ({ minutes, recipes }: Pick<CramOptions, "minutes" | "recipes">): number =>
  (minutes * trainingShare) / recipes.length;

/** A software adapter compiles for minutes. */
const toyLimitMs = 600_000;

/**
 * The parts of a cram, what matters most first: what the device can do, training, then GLUE with the trained weights, then the
 * same without pretraining and in PyTorch. Training has its minutes; a sixth of them more is for its start, its last
 * checkpoint and the held-out rows. The rest is divided among the parts that follow.
 */
export const cramPlan = (options: Pick<CramOptions, "minutes" | "recipes" | "quick">): CramPart[] => {
  const { minutes, recipes, quick } = options;
  const limit = (ms: number) => (quick ? toyLimitMs : ms);
  const wholeMs = minutes * 60_000;
  const trainingMs = trainingMinutes(options) * 60_000;
  const each = (kind: CramPart["kind"], share: number): CramPart[] =>
    recipes.map((recipe) => ({ kind, recipe, share, limitMs: limit(wholeMs) }));
  return [
    { kind: "ceilings", limitMs: limit(Math.min(30_000, wholeMs / 20)) },
    ...recipes.map((recipe): CramPart => ({ kind: "train", recipe, limitMs: limit((trainingMs * 7) / 6) })),
    ...each("finetune", 4),
    ...each("untrained", 3),
    ...each("pytorch", 3),
  ];
};

/** How a part is called: in the report, and as a name of files. */
export const partName = ({ kind, recipe }: Pick<CramPart, "kind" | "recipe">): string =>
  recipe === undefined ? kind : `${kind} ${recipe}`;

/** How long a part may take: its own limit, or its share of what is left. */
export const partLimitMs = (part: CramPart, later: readonly CramPart[], leftMs: number): number => {
  if (part.share === undefined) return Math.min(part.limitMs, leftMs);
  const shares = later.reduce((sum, { share = 0 }) => sum + share, part.share);
  return Math.min(part.limitMs, (leftMs * part.share) / shares);
};

/**
 * Examples of every task that can be finetuned on if so many fit in all: small tasks are taken whole, the others
 * share the rest evenly. Infinity if all of them fit.
 */
export const examplesThatFit = (sizes: readonly number[], total: number): number => {
  const ascending = [...sizes].sort((a, b) => a - b);
  let left = total;
  for (const [i, size] of ascending.entries()) {
    const even = Math.floor(left / (ascending.length - i));
    if (size > even) return even;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
};
