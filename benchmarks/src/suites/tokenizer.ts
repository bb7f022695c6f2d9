import {
  chunkDictionary,
  chunkedEncoder,
  chunkRule,
  coverageCounter,
  crammingTokenizerOptions,
  type Tokenizer,
  textMeter,
  tokenizerFromJson,
  trainTokenizer,
} from "@cramkit/tokenizer";
import { countWordsInThreads, createEncoderPool } from "@cramkit/tokenizer/node";
import { type Contestant, messageOf, type Suite, type SuiteContext } from "../measure/suite.ts";
import { sampleText } from "../workloads/text.ts";

/** How many documents of ours differ in any id from the reference's, as a share. */
const differing = (got: readonly ArrayLike<number>[], want: readonly ArrayLike<number>[]): number => {
  const same = got.filter(
    (ids, i) => ids.length === want[i]!.length && Array.prototype.every.call(ids, (id, k) => id === want[i]![k]),
  );
  return 1 - same.length / want.length;
};

/** Hugging Face's Rust tokenizer over the same tokenizer.json; undefined, and said, if it does not load. */
const rival = async (tokenizer: Tokenizer, { skip }: SuiteContext) => {
  try {
    const { Tokenizer: Rust } = await import("tokenizers");
    return Rust.fromString(JSON.stringify(tokenizer.toJSON()));
  } catch (error) {
    skip("encode", "npm tokenizers", messageOf(error));
    return undefined;
  }
};

const measureTraining = async (
  context: SuiteContext,
  vocabSize: number,
  texts: string[],
  name: string,
  bytes: number,
) => {
  const options = { ...crammingTokenizerOptions({ vocabSize }), size: "trained" } as const;
  const one = await trainTokenizer(texts, options);
  const vocabulary = JSON.stringify(one.toJSON());
  const contestant = (provider: string, extra: object): Contestant => {
    const train = () => trainTokenizer(texts, { ...options, ...extra });
    return {
      ...{ provider, mode: "", work: bytes },
      run: train,
      check: async () => (JSON.stringify((await train()).toJSON()) === vocabulary ? 0 : 1),
    };
  };
  await context.measure({
    case: `train WordPiece, ${vocabSize} entries`,
    shape: name,
    unit: "MB/s",
    backend: "host",
    contestants: [
      contestant("cramkit", {}),
      contestant("cramkit, 2 threads", { countWords: countWordsInThreads({ threads: 2 }) }),
    ],
    limitMs: 60_000,
  });
  return one;
};

/** A text is gone over more than once: what it costs to cut it, and what each further pass costs by its chunks. */
const measureChunks = async (
  context: SuiteContext,
  tokenizer: Tokenizer,
  texts: string[],
  shape: string,
  work: number,
) => {
  const { normalizer, pre_tokenizer: preTokenizer } = tokenizer.toJSON();
  const rule = chunkRule(normalizer, preTokenizer)!;
  const dictionary = chunkDictionary(rule);
  const encoder = chunkedEncoder(tokenizer, dictionary)!;
  const sequences = texts.map((text) => dictionary.read(text).slice());
  const cover = coverageCounter(tokenizer);
  const inFull = (text: string) => {
    const ids = tokenizer.encodeIds(text);
    return ids.length + cover(text, ids).deleted;
  };
  const meter = textMeter(tokenizer, dictionary);
  const byChunks = (text: string) => {
    const { tokens, deleted } = meter(text);
    return tokens + deleted;
  };
  const each = (pass: (text: string, n: number) => unknown) => () => {
    for (const [n, text] of texts.entries()) pass(text, n);
  };
  await context.measure({
    ...{ case: "go over a text by its chunks", shape, unit: "MB/s", backend: "host", limitMs: 60_000 },
    contestants: [
      { provider: "cramkit encodeIds and coverage", work, run: each(inFull) },
      {
        provider: "cramkit textMeter",
        work,
        run: each(byChunks),
        check: () => texts.filter((text) => byChunks(text) !== inFull(text)).length / texts.length,
      },
      { provider: "cramkit chunkDictionary.read", work, run: each((text) => dictionary.read(text)) },
      {
        provider: "cramkit chunkedEncoder.encode",
        work,
        run: each((_, n) => encoder.encode(sequences[n]!)),
        check: () =>
          differing(
            sequences.map((sequence) => encoder.encode(sequence).ids),
            texts.map((text) => tokenizer.encodeIds(text)),
          ),
      },
    ],
  });
};

export const tokenizerSuite: Suite = {
  name: "tokenizer",
  describes: "training and encoding WordPiece, beside npm tokenizers (Rust)",
  hasShapes: false,
  async run(context) {
    const { texts, bytes, name } = await sampleText(context.options, 4);
    const tokenizer = await measureTraining(context, context.options.quick ? 1024 : 8192, texts, name, bytes);
    const rust = await rival(tokenizer, context);
    const want: ArrayLike<number>[] = [];
    // The reference is the rival if there is one, else the path with offsets.
    for (const text of texts) want.push(rust ? (await rust.encode(text)).getIds() : tokenizer.encode(text).ids);
    const pool = createEncoderPool(tokenizer, { threads: 2 });
    const json = tokenizer.toJSON();
    const contestants: Contestant[] = [
      {
        // Nothing remembered from an earlier pass over the same text; making the tokenizer counts too.
        provider: "cramkit encodeIds, new tokenizer",
        work: bytes,
        run: () => {
          const fresh = tokenizerFromJson(json);
          for (const text of texts) fresh.encodeIds(text);
        },
      },
      {
        provider: "cramkit encodeIds",
        work: bytes,
        run: () => {
          for (const text of texts) tokenizer.encodeIds(text);
        },
        check: () =>
          differing(
            texts.map((text) => tokenizer.encodeIds(text)),
            want,
          ),
      },
      {
        provider: "cramkit encode",
        work: bytes,
        run: () => {
          for (const text of texts) tokenizer.encode(text);
        },
        check: () =>
          differing(
            texts.map((text) => tokenizer.encode(text).ids),
            want,
          ),
      },
      {
        provider: "cramkit encodeIdsBatch, 2 threads",
        work: bytes,
        run: () => pool.encodeIdsBatch(texts),
        check: async () => differing(await pool.encodeIdsBatch(texts), want),
      },
    ];
    if (rust)
      contestants.push(
        {
          provider: "npm tokenizers encode",
          work: bytes,
          run: async () => {
            for (const text of texts) (await rust.encode(text)).getIds();
          },
        },
        {
          provider: "npm tokenizers encodeBatch",
          work: bytes,
          run: async () => {
            for (const one of await rust.encodeBatch(texts)) one.getIds();
          },
        },
      );
    const tokens = want.reduce((sum, ids) => sum + ids.length, 0);
    const shape = `${name}, ${tokens.toLocaleString("en-US")} tokens`;
    await context.measure({ case: "encode", shape, unit: "MB/s", backend: "host", contestants, limitMs: 60_000 });
    await pool.dispose();
    await measureChunks(context, tokenizer, texts, shape, bytes);
  },
};
