import { maskedLossNames } from "@cramkit/model";
import { batchRules, gradInitSteps } from "@cramkit/optim";
import { scheduleNames } from "@cramkit/scheduler";
import { z } from "zod";
import { budgetForm, isBudget } from "../budget.ts";
import { optimizerSchemas } from "../optimizer-settings.ts";
import { numbers, setting } from "../setting.ts";
import { path } from "./path.ts";

/** The study's two averages of weights. */
export const averagings = [
  { kind: "ema", decay: 0.995 },
  { kind: "latest", snapshots: 10, every: 1000 },
] as const;

const lossSchema = () => {
  const { share } = numbers();
  return z
    .strictObject({
      name: setting(
        z.enum([...maskedLossNames, "script"]),
        "The loss. `script`: cross-entropy, plus the loss of the model as a critic of what it fills in.",
        { paper: "Cramming, section 4.2; focal: arXiv 1708.02002; SCRIPT: Nijkamp et al. 2021" },
      ),
      labelSmoothing: setting(
        share.lt(1),
        "How much of the target's probability goes to all words alike; with cross-entropy.",
        { unit: "share of the probability", paper: "Szegedy et al., arXiv 1512.00567" },
      ),
      zLoss: setting(
        z.number().min(0),
        "Factor of log(Z)^2, Z the sum of the exponentials of the logits; with cross-entropy.",
        { paper: "PaLM, arXiv 2204.02311" },
      ),
    })
    .refine(({ name, labelSmoothing, zLoss }) => name === "cross-entropy" || (labelSmoothing === 0 && zLoss === 0), {
      path: ["name"],
      error: "labelSmoothing and zLoss go with cross-entropy: set both to 0",
    });
};

const averagingSchema = () => {
  const { share, count, upTo } = numbers();
  return z.discriminatedUnion("kind", [
    z.strictObject({
      kind: setting(z.literal("ema"), "The exponential moving average over the steps."),
      decay: setting(share.lt(1).default(averagings[0].decay), "How much of the average stays at each step.", {
        unit: "share",
        paper: "Cramming, code",
      }),
    }),
    z.strictObject({
      kind: setting(z.literal("latest"), "The mean of the last copies (LAWA)."),
      snapshots: setting(upTo(1000).default(averagings[1].snapshots), "Copies that are averaged.", {
        unit: "copies",
        paper: "Kaddour, arXiv 2209.14981",
      }),
      every: setting(count.default(averagings[1].every), "How far apart the copies are.", {
        unit: "steps",
        paper: "Kaddour, arXiv 2209.14981",
      }),
    }),
  ]);
};

/** How a recipe trains. */
export const trainingSchema = () => {
  const { share, positive, count, upTo } = numbers();
  const { optimizer, groupOptimizer } = optimizerSchemas();
  const section = "Cramming, section 4.3";
  const gradInit = "Zhu et al., arXiv 2102.08098";
  const diLoCo = "DiLoCo: Douillard et al., arXiv 2311.08105";
  const budget = () => z.custom<string>(isBudget, `expected ${budgetForm}`);
  return z.strictObject({
    from: setting(
      path().nullable().default(null),
      "A folder to go on from: a run, one of its checkpoints, or a model, also a BERT of Hugging Face. It brings weights, model and tokenizer; the optimizer begins anew. null: random weights.",
      { paper: "Gururangan et al., arXiv 2004.10964" },
    ),
    budget: setting(
      budget(),
      'What the run may use: one limit or several, of which the first that is reached ends it, as in "24 hours", "90m", "3 epochs", "24 hours, 1e6 steps". Flops are those of model and optimizer.',
      { unit: "seconds, minutes, hours, days, steps, tokens, epochs or flops", paper: "Cramming, section 2" },
    ),
    horizon: setting(
      budget().nullable().default(null),
      "What schedule, batch ramp, curriculum, masking, causal share and last phase run along, if it is another length than the budget that ends the run; null: the budget.",
      { unit: "as the budget", paper: "BERT's million steps, stopped at the budget: Cramming, section 4" },
    ),
    loss: setting(
      lossSchema().default({ name: "cross-entropy", labelSmoothing: 0, zLoss: 0 }),
      "What training minimises over the masked positions; held-out losses are cross-entropy in any case.",
    ),
    optimizer: setting(optimizer, "What turns gradients into steps; all learning rates follow the schedule."),
    groups: setting(
      z
        .array(
          z.strictObject({
            params: setting(
              z.array(z.string().min(1)).min(1).max(1000),
              "Whole parts of the names of the group's parameters: `encoder.layers.1` is not part of layer 10.",
            ),
            optimizer: setting(groupOptimizer, "The group's optimizer; any but sam.", { like: "training.optimizer" }),
          }),
        )
        .max(100)
        .default([]),
      "Parameters with an optimizer of their own, in the order in which they are asked; `optimizer` has the rest.",
    ),
    schedule: setting(
      z.strictObject({
        name: setting(z.enum(scheduleNames), "Shape of the learning rate over the horizon, by its name in the study.", {
          paper: `${section}, figure 2; wsd: Hu et al., arXiv 2404.06395`,
        }),
        warmup: setting(share, "Where the learning rate rises, for shapes that have a warm-up.", {
          unit: "share of the horizon",
          paper: section,
        }),
        cooldown: setting(share, "Where it falls at the end, for shapes that have a cool-down.", {
          unit: "share of the horizon",
          paper: section,
        }),
      }),
      "The learning rate over the run.",
    ),
    batchSize: setting(upTo(1 << 24), "Examples of one optimizer step at the end of the ramp.", {
      unit: "rows",
      paper: section,
    }),
    batchRamp: setting(
      z.number().min(0).max(1e9),
      "How long the batch grows: below 1 a share of the horizon, from 1 on microbatches; 0: no ramp.",
      { unit: "share of the horizon, or microbatches", paper: section },
    ),
    progressiveBatch: setting(
      z
        .strictObject({
          theta: setting(positive, "How well the mean gradient must be known: the bound of the test.", {
            paper: "Byrd et al. 2012 (0.9 in Cramming's code)",
          }),
          monotone: setting(z.boolean(), "Never a smaller batch again."),
          rule: setting(z.enum(batchRules).default("norm"), "The test that says how well it is known.", {
            paper:
              "Byrd et al. 2012; inner-product: after Bollapragada et al., arXiv 1710.11258; cosine: Cramming, code",
          }),
        })
        .nullable()
        .default(null),
      "Grows each batch until its mean gradient is known well enough, from two microbatches up to `batchSize`. Steps, and bias corrections, count microbatches then. null: off.",
      { paper: "Byrd et al. 2012; Bollapragada et al., arXiv 1710.11258" },
    ),
    localRate: setting(
      z
        .strictObject({
          trust: setting(positive.default(0.02), "The length of a step, relative to that of the weights.", {
            paper: "You et al., arXiv 1708.03888 (0.02 in Cramming's code)",
          }),
          clip: setting(z.boolean().default(false), "LARC: no step is longer than without local rates; else LARS."),
        })
        .nullable()
        .default(null),
      "A rate of its own for each tensor, around any optimizer but lars and larc, which have it; the decay goes into the gradients then. null: off.",
      { paper: "You et al., arXiv 1708.03888" },
    ),
    gradInit: setting(
      z
        .strictObject({
          steps: setting(upTo(1 << 16).default(50), "Steps of the search.", {
            unit: "steps of two microbatches",
            paper: "Cramming, code",
          }),
          tau: setting(positive.default(1e-3), "Learning rate of the search, by Adam.", { paper: gradInit }),
          stepType: setting(
            z.enum(gradInitSteps).default("sign"),
            "The step of the training that is tried, as long as the peak of the learning rate: signs, as Adam's, along the gradient, or by it.",
            { paper: gradInit },
          ),
          minScale: setting(positive.default(1e-3), "The smallest factor.", { paper: "Cramming, code" }),
          maxScale: setting(positive.default(1e3), "The largest factor.", { paper: "Cramming, code" }),
          secondOrder: setting(
            z.boolean().default(true),
            "Whether the norm of the gradient is led to 1, by differences of gradients. The study's code has it off.",
            { paper: gradInit },
          ),
        })
        .refine(({ minScale, maxScale }) => minScale <= maxScale, {
          path: ["minScale"],
          error: "expected at most maxScale",
        })
        .nullable()
        .default(null),
      "GradInit: before training, finds a factor for each tensor of the random first weights, for which the first step lowers the loss the most. Takes time, but neither steps nor tokens of the budget. null: off.",
      { paper: gradInit },
    ),
    microbatchSize: setting(
      z.union([upTo(1 << 16), z.literal("auto")]),
      'Examples of one forward and backward pass; "auto" finds it by trial.',
      { unit: "rows", paper: section },
    ),
    causalShare: setting(
      share.lt(1).default(0),
      "How long the model first predicts each next token, seeing those before it alone, and masks nothing.",
      { unit: "share of the horizon", paper: "after Gisserot-Boukhlef et al., arXiv 2507.00994" },
    ),
    dropout: setting(share.lt(1), "Hidden values, and attention, that are dropped while training.", {
      unit: "share",
      paper: `${section} (none there)`,
    }),
    tokenDrop: setting(
      share.lt(1).default(0),
      "What is left out of each row, at random, before it is masked: shorter rows, cheaper steps.",
      { unit: "share of the tokens", paper: "Hou et al., arXiv 2203.13240" },
    ),
    sequenceCurriculum: setting(
      z
        .strictObject({
          lengths: setting(
            z
              .array(upTo(1 << 16))
              .min(1)
              .max(100),
            "Lengths of rows, in the order of their use; each divides the row, unless rows are cut off.",
            { unit: "tokens", paper: "Li et al., arXiv 2108.06084" },
          ),
          unfold: setting(
            z.boolean().default(true),
            "Whether a row becomes several, or is cut off; what is cut off counts as seen.",
            { paper: "Cramming, code" },
          ),
          fractions: setting(z.array(share.lt(1)).max(100), "Where each length begins.", {
            unit: "shares of the horizon",
            paper: "Cramming, code",
          }),
        })
        .nullable()
        .default(null),
      "Cuts each row into shorter ones, of a length that changes on the way; null leaves rows whole.",
      { paper: "Li et al., arXiv 2108.06084" },
    ),
    reverseRows: setting(
      z.boolean().default(false),
      "Trains on the rows from the last to the first, whatever their order.",
      { paper: "Cramming, code: train.reverse_dataset_order" },
    ),
    reshuffle: setting(z.boolean().default(false), "Each time through the rows in a new order, or as they are stored."),
    frozen: setting(
      z.array(z.string().min(1)).max(1000),
      "Whole parts of the names of parameters that keep their first values: `encoder.layers.1` is not part of layer 10.",
    ),
    localSteps: setting(
      z
        .strictObject({
          every: setting(count.default(50), "Steps between two exchanges.", { unit: "steps", paper: diLoCo }),
          outerLearningRate: setting(positive.default(0.7), "Learning rate of the outer optimizer.", { paper: diLoCo }),
          outerMomentum: setting(share.lt(1).default(0.8), "Its Nesterov momentum; the paper has 0.9.", {
            unit: "share",
            paper: diLoCo,
          }),
        })
        .nullable()
        .default(null),
      "Each rank of a job steps on its own, and the ranks exchange what they have moved now and then: for slow links. Held-out losses and checkpoints come after an exchange. null: gradients are averaged at each step.",
      { paper: diLoCo },
    ),
    exchange: setting(
      z.enum(["float32", "float16"]).default("float32"),
      "How ranks of a job send gradients, or what they have moved: float16 halves the bytes; sums are float32 in any case.",
    ),
    averaging: setting(
      averagingSchema().nullable(),
      "Weights that are evaluated and kept in place of the last ones; training does not see them. null: the last ones.",
      { paper: "Cramming, code" },
    ),
  });
};
