import { fault } from "@cramkit/errors";

/** One set of hyperparameters for all tasks, and how a trial is read. Plain data. */
export interface Protocol {
  readonly name: string;
  readonly epochs: number;
  readonly batchSize: number;
  /** The peak. */
  readonly learningRate: number;
  /** Its shape after the warm-up: to 0 along half a cosine, to 0 along a line, or level. */
  readonly schedule: "cosine" | "linear" | "constant";
  /**
   * Where the rate climbs from 0: below 1 a share of a task's own steps, from 1 on steps, the same for every task. In the
   * reference code the first task fixes them for all: 267 with `GLUE_sane`, by CoLA.
   */
  readonly warmup: number;
  readonly adamw: { readonly b1: number; readonly b2: number; readonly epsilon: number; readonly weightDecay: number };
  /** Tokens of an example, special ones included. */
  readonly maxLength: number;
  /** Of embeddings, attention, residuals and the head. */
  readonly dropout: number;
  readonly head: Head;
  /** `always`: single texts are encoded as a pair with an empty second text, as the study does. */
  readonly secondText: "always" | "pairs";
  /**
   * Batches whose rows are sorted by length among themselves, to save padding; 1: none, every batch is a random draw, as in the
   * study. Sorted rows have similar labels if labels go with length: with 50, the label mean of a batch varies 1.7 times as
   * much as by chance on STS-B, and 2 are enough for 1.4.
   */
  readonly sortedBatches: number;
  /** Trials with different seeds; their median is the score. */
  readonly trials: number;
}

/** Pooling, a linear layer, tanh, dropout, and a linear layer to the task's outputs. */
export interface Head {
  readonly pooling: "first" | "mean";
  /**
   * Width of the inner linear layer; absent: the model's hidden size; null: no such layer.
   * @defaultValue the model's hidden size
   */
  readonly width?: number | null;
}

/** The challenge finetunes for at most this many epochs. */
export const epochLimit = 5;

const sane: Protocol = {
  name: "GLUE_sane",
  epochs: 5,
  batchSize: 16,
  learningRate: 4e-5,
  schedule: "cosine",
  warmup: 0.1,
  adamw: { b1: 0.9, b2: 0.98, epsilon: 1e-6, weightDecay: 0 },
  maxLength: 128,
  dropout: 0.1,
  // The first position is `<cls>`, which packed rows without it never train; the width is that of the crammed models.
  head: { pooling: "first", width: 1024 },
  secondText: "always",
  sortedBatches: 1,
  trials: 5,
};

/** The pooler of the original BERT is as wide as the model. */
const bertHead: Head = { pooling: "first" };

/**
 * The study's protocols under the names of its configurations: `GLUE_sane` scored the crammed models, `GLUE_v2` and
 * `GLUE_v1` the published BERT in either version of the study, `GLUE_mosbach` is the long schedule of Mosbach et al. (2021).
 */
export const protocols = /* @__PURE__ */ (() => {
  const reading = {
    ...sane,
    learningRate: 1e-5,
    adamw: { ...sane.adamw, weightDecay: 0.1 },
    maxLength: 1024,
    head: bertHead,
  } as const;
  return {
    GLUE_sane: sane,
    GLUE_v2: {
      ...sane,
      name: "GLUE_v2",
      epochs: 10,
      batchSize: 32,
      learningRate: 2e-5,
      schedule: "linear",
      warmup: 0.06,
      adamw: { ...sane.adamw, weightDecay: 0.1 },
      maxLength: 1024,
      head: bertHead,
    },
    // Its configuration names 1000 warm-up steps, but a schedule of "none" has no use for them.
    GLUE_v1: {
      ...sane,
      name: "GLUE_v1",
      batchSize: 32,
      learningRate: 2e-5,
      schedule: "constant",
      warmup: 0,
      head: bertHead,
    },
    GLUE_mosbach: {
      ...sane,
      name: "GLUE_mosbach",
      epochs: 20,
      learningRate: 2e-5,
      schedule: "linear",
      adamw: { ...sane.adamw, b2: 0.999, weightDecay: 0.01 },
      head: bertHead,
    },
    // For MNLI alone: the study's mnli.yaml, whose ablations were finetuned as GLUE_sane does.
    MNLI: {
      ...sane,
      name: "MNLI",
      epochs: 10,
      batchSize: 32,
      learningRate: 2e-5,
      schedule: "linear",
      adamw: { ...sane.adamw, weightDecay: 0.01 },
      head: bertHead,
    },
    // The study's for SuperGLUE, RACE and SWAG; its crammed models have a maxLength of 128.
    superGLUE: { ...sane, name: "superGLUE", epochs: 10, learningRate: 1e-5, maxLength: 1024, head: bertHead },
    RACE: { ...reading, name: "RACE" },
    SWAG: { ...reading, name: "SWAG" },
  } as const satisfies Record<string, Protocol>;
})();

/** What `changedProtocol` may change. */
export type ProtocolChanges = Partial<
  Pick<Protocol, "epochs" | "batchSize" | "learningRate" | "maxLength" | "warmup" | "sortedBatches" | "trials"> & {
    pooling: Head["pooling"];
  }
>;

const changeNames = {
  epochs: "epochs",
  batchSize: "batch",
  learningRate: "learning rate",
  maxLength: "length",
  sortedBatches: "sorted batches",
  warmup: "warm-up",
  pooling: "pooling",
} as const;

/**
 * A protocol with other values, which its name then says, as tables show it: `GLUE_sane with epochs 3`. What is undefined
 * or the same stays; the number of trials is not part of the name, as tables have it anyway.
 */
export const changedProtocol = (protocol: Protocol, { pooling, trials, ...numbers }: ProtocolChanges): Protocol => {
  const before = { ...protocol, pooling: protocol.head.pooling };
  const changes = Object.entries({ ...numbers, pooling }).filter(
    ([key, value]) => value !== undefined && value !== before[key as keyof typeof changeNames],
  );
  const words = changes.map(([key, value]) => `${changeNames[key as keyof typeof changeNames]} ${value}`);
  const joint = protocol.name.includes(" with ") ? ", " : " with ";
  return {
    ...protocol,
    ...Object.fromEntries(changes.filter(([key]) => key !== "pooling")),
    name: words.length > 0 ? `${protocol.name}${joint}${words.join(", ")}` : protocol.name,
    head: pooling === undefined ? protocol.head : { ...protocol.head, pooling },
    trials: trials ?? protocol.trials,
  };
};

/**
 * The learning rate of a step, counted from 0 of `steps`: `peak * s / W` during the `W = floor(warmup * steps)` steps of
 * warm-up, so the very first step stands still, and then the schedule over the rest. `W` is the task's own; in the
 * reference code the first task's count stayed for all that followed.
 */
export const learningRateAt = (protocol: Protocol, step: number, steps: number): number => {
  const warmup = protocol.warmup < 1 ? Math.floor(protocol.warmup * steps) : Math.min(protocol.warmup, steps);
  if (step < warmup) return (protocol.learningRate * step) / warmup;
  const fraction = (step - warmup) / Math.max(1, steps - warmup);
  if (protocol.schedule === "cosine") return protocol.learningRate * 0.5 * (1 + Math.cos(Math.PI * fraction));
  return protocol.schedule === "linear" ? protocol.learningRate * (1 - fraction) : protocol.learningRate;
};

/** Throws on a protocol that cannot be run, or that trains longer than the challenge allows. */
export const checkProtocol = (
  protocol: Protocol,
  {
    allowMoreEpochs = false,
  }: {
    /** @defaultValue `false` */
    allowMoreEpochs?: boolean;
  } = {},
): void => {
  const { epochs, batchSize, sortedBatches, trials } = protocol;
  const whole = { epochs, batchSize, sortedBatches, trials };
  for (const [name, value] of Object.entries(whole)) {
    if (!Number.isInteger(value) || value < 1)
      throw fault({
        code: "invalid-argument",
        place: `protocol ${protocol.name}`,
        problem: `expected ${name} to be a whole number above 0, got ${value}`,
        type: RangeError,
      });
  }
  if (!Number.isInteger(protocol.maxLength / 8) || protocol.maxLength < 8)
    throw fault({
      code: "invalid-argument",
      place: `protocol ${protocol.name}`,
      problem: `expected maxLength to be a multiple of 8, got ${protocol.maxLength}`,
      type: RangeError,
    });
  if (!(protocol.warmup >= 0 && (protocol.warmup < 1 || Number.isInteger(protocol.warmup))))
    throw fault({
      code: "invalid-argument",
      place: `protocol ${protocol.name}`,
      problem: `expected warmup to be a share of the steps, below 1, or a whole number of steps, got ${protocol.warmup}`,
      type: RangeError,
    });
  if (protocol.epochs > epochLimit && !allowMoreEpochs)
    throw fault({
      code: "invalid-argument",
      place: `protocol ${protocol.name}`,
      problem: `expected at most ${epochLimit} epochs, the limit of the challenge, got ${protocol.epochs}`,
      remedy: "lower epochs, or pass allowMoreEpochs, which is then shown beside the scores",
      type: RangeError,
    });
};
