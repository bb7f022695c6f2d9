import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { maskedLossNames, presetNames } from "@cramkit/model";
import { batchRules } from "@cramkit/optim";
import { createDraws, streamKey } from "@cramkit/random";
import { scheduleNames } from "@cramkit/scheduler";
import { studyAlgorithms } from "@cramkit/tokenizer";
import { optimizerNames } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { architecture } from "../study/scale.ts";
import type { SweepInput } from "./sweep.ts";

type Variants = NonNullable<SweepInput["variants"]>;

const each = (path: string, values: readonly unknown[], more: Record<string, unknown> = {}): Variants =>
  values.map((value) => ({ name: `${path} ${JSON.stringify(value)}`, set: { ...more, [path]: value } }));

const one = (name: string, set: Record<string, unknown>) => ({ name, set });

/** Schedules that need to be told where they rise. */
const warmups: Record<string, object> = {
  "inverse-sqrt": { warmup: 0.2 },
  "budget-inverse-sqrt": { warmup: 0.2 },
};

/** Of tokenizers that find no more in their text: 70 words and 7 special tokens, for example. */
const mostWords: Readonly<Record<string, number>> = { WordLevel: 77, SentencePieceUnigram: 72 };

/** A text of 70 words, more than that of a tiny run has; in this folder. */
export const writeManyWords = (folder: string): string => {
  const { below } = createDraws(streamKey(1, "many-words"));
  const letters = () => String.fromCharCode(97 + below(26));
  const words = Array.from({ length: 70 }, () => Array.from({ length: 4 + below(6) }, letters).join(""));
  const line = () => Array.from({ length: 60 }, () => words[below(words.length)]).join(" ");
  const path = join(folder, "many-words.txt");
  writeFileSync(path, Array.from({ length: 120 }, line).join("\n"));
  return path;
};

/** Every choice that the study's code offers and a recipe has, one variant each, on a base that runs in a second or two. */
export const everySetting = (base: Recipe, manyWords: string): Variants => [
  ...presetNames.map((name) => ({ name: `model ${name}`, set: architecture(name, base) })),
  ...each("model.position", ["scaled-sinusoidal", "sinusoidal", "learned", "none"]),
  ...each("model.norm", ["LayerNorm", "LayerNorm-unbiased", "RMSNorm", "RMSNorm-v1", "ScaleNorm"]),
  ...each("model.normScheme", ["pre", "post", "sandwich"]),
  ...each(
    "model.mixer",
    [
      ...["self-attention", "normalized-attention", "unnormalized-attention", "cumulative-attention"],
      ...[
        "cumulative-exp-attention",
        "tuformer",
        "flash",
        "fourier",
        "fourier-projected",
        "fourier-experimental",
        "none",
      ],
    ],
    { "model.rotary": false },
  ),
  ...each("model.activation", [
    "gelu",
    "relu",
    "silu",
    "mish",
    "relu2",
    "gelu-glu",
    "relu-glu",
    "silu-glu",
    "mish-glu",
  ]),
  ...["normal", "small", "megatron", "wang", "deepnorm", "agd-orthogonal"].map((type) =>
    one(`model.init ${type}`, { "model.init": { type, std: 0.02 } }),
  ),
  ...each("model.predictionHead", ["none", "linear", "transform"]),
  one("biases", { "model.useBias": true, "model.qkvBias": true, "model.decoderBias": true }),
  one("rotary", { "model.rotary": true }),
  one("rotary of another base", { "model.rotary": true, "model.rotaryBase": 160000 }),
  one("local attention", {
    "model.mixer": "local-attention",
    "model.localAttention": { reach: 4, rotaryBase: 10000 },
    "model.rotary": true,
  }),
  one("feed-forward in every second layer", { "model.feedForwardEvery": 2 }),
  one("no feed-forward", { "model.feedForward": "none" }),
  one("DeepNorm", { "model.residualScale": 2, "model.normScheme": "post" }),
  one("shared layers", { "model.layers": 4, "model.sharedLayers": 2 }),
  one("layer drop", { "model.layerDrop": 0.5 }),
  one("factorised embedding", { "model.embeddingSize": 16, "model.predictionHead": "linear" }),
  one("untied", { "model.tieWeights": false }),
  one("no embedding norm", { "model.embeddingNorm": false }),
  one("no final norm", { "model.finalNorm": false }),
  ...each("training.optimizer.name", optimizerNames),
  ...scheduleNames.map((name) =>
    one(`schedule ${name}`, { "training.schedule": { name, warmup: 0, cooldown: 0, ...warmups[name] } }),
  ),
  ...[...maskedLossNames, "script"].map((name) => one(`loss ${name}`, { "training.loss.name": name })),
  one("z-loss", { "training.loss.zLoss": 1e-4 }),
  ...each("rows.order", ["as-is", "shuffled", "separators", "full-stops", "unigram", "reverse-unigram", "word-length"]),
  ...studyAlgorithms.map((name) =>
    one(`tokenizer.model ${name}`, {
      "tokenizer.model": name,
      ...(["Unigram", "WordLevel"].includes(name) && {
        "corpus.sources": [{ kind: "files", path: manyWords, unit: "line" }],
      }),
      "tokenizer.vocabSize": mostWords[name] ?? 100,
    }),
  ),
  ...each("tokenizer.text", ["english", "cased", "multilingual"]),
  one("with <cls>", { "tokenizer.includeCls": true }),
  one("without <sep>", { "tokenizer.includeSep": false }),
  one("escaped spaces", { "tokenizer.escapeSpaces": true }),
  ...each("masking.policy", ["exact", "bernoulli", "always-mask", "keep"]),
  one("whole words", { "masking.wholeWords": true }),
  one("filter", { "corpus.maxTokensPerCharacter": 0.9 }),
  one("duplicates", { "corpus.duplicateBytes": 75 }),
  ...each("corpus.cleaning", ["basic", "reference"]),
  one("joined", { "corpus.joinSuccessive": 2 }),
  one("EMA", { "training.averaging": { kind: "ema", decay: 0.9 } }),
  one("local steps", { "training.localSteps": { every: 2, outerLearningRate: 0.7, outerMomentum: 0.9 } }),
  one("halves on the wire", { "training.exchange": "float16" }),
  one("LAWA", { "training.averaging": { kind: "latest", snapshots: 2, every: 1 } }),
  one("sequence curriculum", { "training.sequenceCurriculum": { lengths: [8, 16, 32], fractions: [0, 0.3, 0.6] } }),
  one("cut-off curriculum", {
    "training.sequenceCurriculum": { lengths: [10, 32], fractions: [0, 0.5], unfold: false },
  }),
  one("horizon", { "training.horizon": "6 steps" }),
  one("token drop", { "training.tokenDrop": 0.25 }),
  one("dropout", { "training.dropout": 0.1 }),
  one("ramp in microbatches", { "training.batchRamp": 4 }),
  one("no clipping", { "training.optimizer.clipNorm": null }),
  ...batchRules.map((rule) =>
    one(`progressive batch, ${rule}`, {
      "training.batchRamp": 0,
      "training.progressiveBatch": { theta: 0.9, monotone: false, rule },
    }),
  ),
  one("LARS around AdamW", { "training.localRate": {} }),
  one("LARC around Lion", { "training.localRate": { clip: true }, "training.optimizer.name": "lion" }),
  one("GradInit", { "training.gradInit": { steps: 2 } }),
  one("GradInit as in the study's code", { "training.gradInit": { steps: 2, secondOrder: false } }),
  one("mixed precision", { "backend.precision": "mixed" }),
  ...each("training.budget", ["200 tokens", "1e7 flops", "0.001 hours"]),
];
