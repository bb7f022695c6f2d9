import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  classify,
  classifyTokens,
  encode,
  init,
  inputsOf,
  type ModelConfig,
  type Params,
  predictTokens,
  preset,
} from "@cramkit/model";
import { type Tokenizer, trainTokenizer } from "@cramkit/tokenizer";
import { add, type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { exportModel } from "../export/export-model.ts";
import { specialId } from "../recipe/masking.ts";
import { studyTokenizer, trainingOptions } from "../recipe/tokenizer-options.ts";
import { fillMask } from "./fill-mask.ts";

/**
 * A Python with `torch` and `transformers` in it, or else these tests are skipped; `onnx` and `onnxruntime` for the graphs.
 * Tried with transformers 4.57.6 and 5.18.0, torch 2.13.0, onnx 1.23.1 and onnxruntime 1.30.0.
 */
const python = process.env.CRAMKIT_PYTHON ?? "python3";
const has = (modules: string) => spawnSync(python, ["-c", `import ${modules}`]).status === 0;
const isInstalled = has("torch, transformers");
const runsGraphs = isInstalled && has("onnx, onnxruntime");
for (const [modules, isThere] of [
  ["torch and transformers", isInstalled],
  ["onnx and onnxruntime", runsGraphs],
])
  if (!isThere) console.warn(`no ${modules} in ${python}: skipped; set CRAMKIT_PYTHON to a Python that has them`);

const readExports = (asked: object) =>
  JSON.parse(
    execFileSync(python, [fileURLToPath(new URL("../../fixtures/read-exports.py", import.meta.url))], {
      input: JSON.stringify(asked),
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      env: { ...process.env, HF_HUB_OFFLINE: "1" },
      stdio: ["pipe", "pipe", "ignore"],
    }),
  );

const readme = (folder: string) => readFileSync(new URL(`../../../${folder}/README.md`, import.meta.url), "utf8");
const lines = readdirSync(new URL("../../../", import.meta.url)).flatMap((folder) => readme(folder).split("\n"));

let compute: Compute;
const tokenizers = {} as Record<"WordPiece" | "BPE" | "Unigram", Tokenizer>;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  for (const model of ["WordPiece", "BPE", "Unigram"] as const)
    tokenizers[model] = await trainTokenizer(
      lines,
      trainingOptions({ ...studyTokenizer("WordPiece", 64), model, vocabSize: 600 }),
    );
}, 120_000);
afterAll(() => compute.dispose());

const sizes = { layers: 2, hidden: 24, heads: 3, intermediate: 40, maxLength: 16 };
/** A model in which everything counts: no bias is 0 and no norm's weight 1. */
const model = (config: ModelConfig): Params => {
  const params = init({ ...config, init: { type: "normal", std: 0.3 } }, 1);
  const waves = ({ size, shape }: Tensor, shift: number) =>
    tensor(
      Float32Array.from({ length: size }, (_, i) => 0.1 * Math.sin(1.7 * i + shift)),
      shape,
    );
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, tidy(() => add(value, waves(value, name.length)))]),
  );
};

/** Three rows, two of them with padding. */
const batchOf = ({ vocabSize, typeVocabSize }: ModelConfig, seqLength = 9) => {
  const cells = Array.from({ length: 3 * seqLength }, (_, i) => i);
  return {
    batchSize: 3,
    seqLength,
    inputIds: cells.map((i) => (i * 37 + 5) % vocabSize),
    attentionMask: cells.map((i) => (i % seqLength < seqLength - 2 * Math.floor(i / seqLength) ? 1 : 0)),
    ...(typeVocabSize > 0 && { tokenTypeIds: cells.map((i) => i % 2) }),
  };
};
type PaddedBatch = ReturnType<typeof batchOf>;

const outputOf = async (params: Params, config: ModelConfig, batch: PaddedBatch): Promise<Float32Array> => {
  const { inputIds, attentionMask, tokenTypeIds, ...shape } = batch;
  const inputs = inputsOf({
    ...shape,
    inputIds: Int32Array.from(inputIds),
    attentionMask: Int32Array.from(attentionMask),
    ...(tokenTypeIds && { tokenTypeIds: Int32Array.from(tokenTypeIds) }),
  });
  const { type } = config.head;
  if (type === "classification" || type === "regression")
    return (await classify(params, config, inputs).data()) as Float32Array;
  if (type === "token-classification") return (await classifyTokens(params, config, inputs).data()) as Float32Array;
  const hidden = encode(params, config, inputs);
  return (await (type === "none" ? hidden : predictTokens(params, config, hidden)).data()) as Float32Array;
};

/** The largest difference, of what is not padding, in parts of the largest value. */
const differenceOf = (ours: Float32Array, theirs: number[], { attentionMask }: PaddedBatch): number => {
  expect(theirs).toHaveLength(ours.length);
  const width = ours.length / attentionMask.length;
  const counts = (i: number) => width < 1 || attentionMask[Math.floor(i / width)] === 1;
  const largest = Math.max(1, ...ours.map(Math.abs));
  return Math.max(...ours.map((value, i) => (counts(i) ? Math.abs(value - theirs[i]!) / largest : 0)));
};

const head = { labels: 3, width: sizes.hidden, pooling: "first", dropout: 0.2 } as const;
const berts: Record<
  string,
  [className: string, preset: "hf-bert-base" | "bert-original", fields: Partial<ModelConfig>]
> = {
  "a masked language model": ["BertForMaskedLM", "hf-bert-base", {}],
  "one without token types": ["BertForMaskedLM", "bert-original", { dropout: 0.1 }],
  "one without biases": ["BertForMaskedLM", "hf-bert-base", { useBias: false, qkvBias: false, decoderBias: false }],
  "one with a decoder of its own": ["BertForMaskedLM", "hf-bert-base", { tieWeights: false, activation: "silu" }],
  "one whose epsilon is a whole number": ["BertForMaskedLM", "hf-bert-base", { normEpsilon: 0, activation: "mish" }],
  "a classifier": ["BertForSequenceClassification", "hf-bert-base", { head: { type: "classification", ...head } }],
  "a regression": [
    "BertForSequenceClassification",
    "bert-original",
    { head: { type: "regression", ...head, labels: 1 } },
  ],
  "a token classifier": [
    "BertForTokenClassification",
    "hf-bert-base",
    { activation: "relu", head: { type: "token-classification", labels: 5, dropout: 0.1 } },
  ],
  "an encoder": ["BertModel", "hf-bert-base", { head: { type: "none" } }],
};

it.skipIf(!isInstalled)("loads in transformers as it is, with the same output", async () => {
  const tokenizer = tokenizers.WordPiece;
  const cases = [];
  for (const [name, [className, base, fields]] of Object.entries(berts)) {
    const config = preset(base, { ...sizes, vocabSize: tokenizer.vocabSize, ...fields });
    const params = model(config);
    const folder = mkdtempSync(join(tmpdir(), "transformers-"));
    await exportModel({ params, config, tokenizer }, "hf", folder);
    const batch = batchOf(config);
    cases.push({ name, className, folder, batch, ours: await outputOf(params, config, batch) });
  }
  const { models } = readExports({ models: cases.map(({ folder, batch }) => ({ folder, batch })) });
  for (const [i, { name, className, ours, batch }] of cases.entries()) {
    const { values, ...loaded } = models[i];
    expect(loaded, name).toEqual({ class: className, wrong: [] });
    expect(differenceOf(ours, values, batch), name).toBeLessThan(1e-5);
  }
});

const small = { ...sizes, intermediate: 48 };
const token = { type: "token-classification", labels: 5, dropout: 0.1 } as const;
const pooled = { type: "classification", ...head, width: 10 } as const;
const crammed: Record<string, [className: string, config: (vocabSize: number) => ModelConfig]> = {
  "version 2": ["CrammedBertForMaskedLM", (vocabSize) => preset("crammed-bert", { ...small, vocabSize })],
  "version 1": ["CrammedBertForMaskedLM", (vocabSize) => preset("crammed-bert-v1", { ...small, vocabSize })],
  simple: ["CrammedBertForMaskedLM", (vocabSize) => preset("crammed-bert-simple", { ...small, vocabSize })],
  "c4, rotary": ["CrammedBertForMaskedLM", (vocabSize) => preset("bert-c4", { ...small, vocabSize })],
  "rotary with biases": ["CrammedBertForMaskedLM", (vocabSize) => preset("bert-c2", { ...small, heads: 3, vocabSize })],
  "newer parts": [
    "CrammedBertForMaskedLM",
    (vocabSize) =>
      preset("crammed-bert", {
        ...{ ...small, vocabSize, layers: 3, qkNorm: true, valueResidual: true, firstNorm: false, norm: "RMSNorm" },
        ...{ activation: "relu2", rotary: true, typeVocabSize: 2 },
      }),
  ],
  "a sandwich with ScaleNorm, untied": [
    "CrammedBertForMaskedLM",
    (vocabSize) =>
      preset("crammed-bert", {
        ...{ ...small, vocabSize, normScheme: "sandwich", norm: "ScaleNorm", activation: "mish-glu" },
        ...{ tieWeights: false, decoderBias: true, feedForwardEvery: 2 },
      }),
  ],
  "DeepNorm, factorised": [
    "CrammedBertForMaskedLM",
    (vocabSize) =>
      preset("crammed-bert", {
        ...{ ...small, vocabSize, normScheme: "post", embeddingSize: 8, predictionHead: "transform", useBias: true },
        ...{ residualScale: 4 ** 0.25, activation: "silu", position: "sinusoidal", finalNorm: false },
      }),
  ],
  "an encoder": [
    "CrammedBertModel",
    (vocabSize) => preset("crammed-bert", { ...small, vocabSize, head: { type: "none" } }),
  ],
  ...Object.fromEntries(
    (["first", "mean", "max", "logsumexp"] as const).map((pooling) => [
      `a classifier of the ${pooling}`,
      [
        "CrammedBertForSequenceClassification",
        (vocabSize: number) => preset("crammed-bert", { ...small, vocabSize, head: { ...pooled, pooling } }),
      ] as const,
    ]),
  ),
  "a classifier without an inner layer": [
    "CrammedBertForSequenceClassification",
    (vocabSize) => preset("crammed-bert", { ...small, vocabSize, head: { ...pooled, width: null } }),
  ],
  "a tagger": [
    "CrammedBertForTokenClassification",
    (vocabSize) => preset("crammed-bert", { ...small, vocabSize, head: token }),
  ],
};

it.skipIf(!isInstalled)(
  "loads a crammed-bert in transformers with the code beside it, with the same output",
  async () => {
    const tokenizer = tokenizers.WordPiece;
    const cases: { name: string; className: string; folder: string; batch: PaddedBatch; ours: Float32Array }[] = [];
    for (const [name, [className, configOf]] of Object.entries(crammed)) {
      const config = configOf(tokenizer.vocabSize);
      const params = model(config);
      const folder = mkdtempSync(join(tmpdir(), "crammed-"));
      await exportModel({ params, config, tokenizer }, "hf", folder);
      const batch = batchOf(config);
      cases.push({ name, className, folder, batch, ours: await outputOf(params, config, batch) });
    }
    const heads = ["SequenceClassification", "TokenClassification"];
    const { models } = readExports({
      models: [
        ...cases.map(({ folder, batch }) => ({ folder, batch })),
        // To be finetuned in Python: the same encoder under another head, which is new.
        ...heads.map((head) => ({ folder: cases[0]!.folder, batch: cases[0]!.batch, auto: `AutoModelFor${head}` })),
      ],
    });
    for (const [i, head] of heads.entries()) expect(models[cases.length + i].class).toBe(`CrammedBertFor${head}`);
    for (const [i, { name, className, ours, batch }] of cases.entries()) {
      const { values, ...loaded } = models[i];
      expect(loaded, name).toEqual({ class: className, wrong: [] });
      expect(differenceOf(ours, values, batch), name).toBeLessThan(1e-5);
    }
  },
);

it.skipIf(!isInstalled)("loads a ModernBERT in transformers as it is, with the same output", async () => {
  const tokenizer = tokenizers.BPE;
  const local = ["self-attention", "local-attention", "local-attention"] as const;
  const base: Partial<ModelConfig> = {
    ...{ ...sizes, intermediate: 48, layers: 6, vocabSize: tokenizer.vocabSize, mixer: [...local, ...local] },
    ...{ localAttention: { reach: 3, rotaryBase: 10000 }, rotary: true, rotaryBase: 160000, position: "none" },
    ...{ norm: "LayerNorm-unbiased", firstNorm: false, predictionHead: "transform", decoderBias: true },
  };
  const labels = { labels: 3, dropout: 0.1, transform: true };
  const pooledLabels = { ...labels, width: null };
  const wide = { reach: 64, rotaryBase: 10000 };
  const modern: [className: string, fields: Partial<ModelConfig>, seqLength?: number][] = [
    ["ModernBertForMaskedLM", {}],
    ["ModernBertForMaskedLM", { norm: "LayerNorm", useBias: true, qkvBias: true, decoderBias: false }],
    ["ModernBertForMaskedLM", { tieWeights: false, activation: "silu-glu", mixer: "self-attention" }],
    ["ModernBertForSequenceClassification", { head: { type: "classification", ...pooledLabels, pooling: "first" } }],
    [
      "ModernBertForSequenceClassification",
      { head: { type: "regression", ...pooledLabels, labels: 1, pooling: "mean" } },
    ],
    ["ModernBertForTokenClassification", { head: { type: "token-classification", ...labels } }],
    ["ModernBertModel", { head: { type: "none" } }],
    ["ModernBertModel", { head: { type: "none" }, maxLength: 512, localAttention: wide }, 512],
  ];
  const cases = [];
  for (const [className, fields, seqLength] of modern) {
    const config = preset("crammed-bert", { ...base, ...fields });
    const params = model(config);
    const folder = mkdtempSync(join(tmpdir(), "modern-"));
    await exportModel({ params, config, tokenizer }, "hf", folder);
    const batch = batchOf(config, seqLength);
    cases.push({ className, folder, batch, ours: await outputOf(params, config, batch) });
  }
  const isLong = (batch: PaddedBatch) => batch.seqLength > 100;
  const { models } = readExports({
    models: cases.map(({ folder, batch }) => ({ folder, batch, ...(isLong(batch) && { exact: true }) })),
  });
  for (const [i, { className, ours, batch }] of cases.entries()) {
    const { values, exact, ...loaded } = models[i];
    expect(loaded, `${i}`).toEqual({ class: className, wrong: [] });
    if (!isLong(batch)) {
      expect(differenceOf(ours, values, batch), `${i}`).toBeLessThan(1e-5);
      continue;
    }
    // Both are float32: with exact angles transformers is 1.0e-5 off, and its angles alone make 4.5e-6 at 512 tokens.
    const [own, theirs] = [differenceOf(ours, exact, batch), differenceOf(Float32Array.from(values), exact, batch)];
    console.log(`512 tokens, from float64: ours ${own.toExponential(2)}, transformers ${theirs.toExponential(2)}`);
    expect(own).toBeLessThan(2e-5);
    expect(own).toBeLessThan(1.5 * theirs);
  }
});

describe("a tokenizer beside a model", () => {
  it.skipIf(!isInstalled).each(["WordPiece", "BPE", "Unigram"] as const)(
    "is the same in transformers, and so are the guesses: %s",
    async (kind) => {
      const tokenizer = tokenizers[kind];
      const config = preset("hf-bert-base", { ...sizes, vocabSize: tokenizer.vocabSize });
      const saved = { params: model(config), config, tokenizer };
      const folder = mkdtempSync(join(tmpdir(), "transformers-"));
      await exportModel(saved, "hf", folder);
      const text = "the [MASK] of a model";
      const odd = [
        "",
        " ",
        "naïve “café” 日本 😀",
        "a <mask> , here<mask>.",
        "<pad><cls> x <sep>",
        "tab\tand\nline",
        "-".repeat(72),
      ];
      const texts = [...odd, ...lines];
      const masked = text.replace("[MASK]", "<mask>");
      const [theirs] = readExports({ tokenizers: [{ folder, texts, masked, maxLength: 12 }] }).tokenizers;

      const id = (token: Parameters<typeof specialId>[1]) => specialId(tokenizer, token);
      expect(theirs.special).toEqual({
        pad: id("<pad>"),
        unk: id("<unk>"),
        cls: id("<cls>"),
        sep: id("<sep>"),
        mask: id("<mask>"),
      });
      expect(theirs.longest).toBe(config.maxLength);
      const encodings = texts.map((one) => tokenizer.encode(one));
      expect(theirs.encodings).toEqual(encodings.map(({ ids, offsets }) => ({ ids, offsets })));
      expect(theirs.decoded).toEqual(encodings.map(({ ids }) => tokenizer.decode(ids)));
      const padding = { length: 12, id: id("<pad>") };
      const padded = tokenizer.encodeBatch(texts, { truncation: { maxLength: 12 }, padding });
      expect(theirs.padded).toEqual(padded.map(({ ids, attentionMask }) => ({ ids, mask: attentionMask })));

      const [guesses] = await fillMask(saved, text);
      expect(theirs.guesses.map((guess: { text: string }) => guess.text)).toEqual(guesses!.map((guess) => guess.text));
      theirs.guesses.forEach(({ probability }: { probability: number }, i: number) => {
        expect(probability).toBeCloseTo(guesses![i]!.probability, 5);
      });
    },
  );
});

it.skipIf(!runsGraphs)("exports graphs that onnx checks in full and onnxruntime runs in Python", async () => {
  const tokenizer = tokenizers.WordPiece;
  const small = { ...sizes, vocabSize: tokenizer.vocabSize };
  const configs = [
    preset("crammed-bert", small),
    preset("bert-c4", { ...small, heads: 4 }),
    preset("bert-tiny", { ...small, embeddingSize: 8 }),
    preset("fnet-hybrid", { ...small, mixer: ["fourier", "self-attention"] }),
    preset("flash", small),
    preset("recurrent", { ...small, layers: 4, heads: 2 }),
    preset("funnel", { ...small, layers: 5, heads: 2, funnel: [16, 8, 4, 8, 16] }),
    preset("hf-bert-base", { ...small, head: { type: "classification", ...head } }),
    preset("crammed-bert", {
      ...{ ...small, mixer: "local-attention", localAttention: { reach: 3, rotaryBase: 100 }, rotary: true },
      ...{ norm: "LayerNorm-unbiased", intermediate: 48 },
    }),
  ];
  const cases = [];
  for (const config of configs) {
    const params = model(config);
    const folder = mkdtempSync(join(tmpdir(), "onnx-"));
    await exportModel({ params, config, tokenizer }, "onnx", folder);
    const batches = [batchOf(config, 8), batchOf(config, 16)];
    const ours = [];
    for (const batch of batches) ours.push(await outputOf(params, config, batch));
    cases.push({ file: join(folder, "onnx", "model.onnx"), batches, ours });
  }
  const { graphs } = readExports({ graphs: cases.map(({ file, batches }) => ({ file, batches })) });
  for (const [i, { batches, ours }] of cases.entries())
    for (const [j, batch] of batches.entries())
      expect(differenceOf(ours[j]!, graphs[i][j], batch), JSON.stringify(configs[i])).toBeLessThan(1e-5);
});
