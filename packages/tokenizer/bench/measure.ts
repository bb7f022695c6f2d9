/**
 * Measures this package against npm `tokenizers` (Rust). Run as
 * `node --import tsx --conditions=@cramkit/source bench/measure.ts SHARED` with the folder of the development data, or import
 * the functions: they return numbers and print nothing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { crammingTokenizerOptions, tokenizerFromJson, trainTokenizer } from "@cramkit/tokenizer";
import { countWordsInThreads, createEncoderPool } from "@cramkit/tokenizer/node";
import { Tokenizer as Rust } from "tokenizers";

/** Of one side: megabytes of text and tokens a second, by the clock and by processor time of all its threads. */
export interface Speed {
  megabytesPerSecond: number;
  megabytesPerCpuSecond: number;
  tokensPerSecond: number;
  tokens: number;
}

interface Clock {
  seconds: number;
  cpuSeconds: number;
  tokens: number;
}

async function timed(clock: Clock, run: () => number | Promise<number>): Promise<void> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  clock.tokens += await run();
  const { user, system } = process.cpuUsage(cpu);
  clock.seconds += (performance.now() - start) / 1e3;
  clock.cpuSeconds += (user + system) / 1e6;
}

const speed = (clock: Clock, bytes: number): Speed => ({
  megabytesPerSecond: bytes / 1e6 / clock.seconds,
  megabytesPerCpuSecond: bytes / 1e6 / clock.cpuSeconds,
  tokensPerSecond: clock.tokens / clock.seconds,
  tokens: clock.tokens,
});

/** One thread: ids only, whole encodings, and the other side, in turns over the same texts. The first texts warm all up. */
export async function measureEncoding(tokenizerJson: string, texts: readonly string[]) {
  const ours = tokenizerFromJson(tokenizerJson);
  const rust = Rust.fromString(tokenizerJson);
  const clocks = { ids: newClock(), encodings: newClock(), rust: newClock() };
  const warm = Math.ceil(texts.length / 5);
  let bytes = 0;
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i]!;
    const used = i < warm ? { ids: newClock(), encodings: newClock(), rust: newClock() } : clocks;
    if (i >= warm) bytes += Buffer.byteLength(text);
    await timed(used.ids, () => ours.encodeIds(text).length);
    await timed(used.rust, async () => (await rust.encode(text)).getIds().length);
    await timed(used.encodings, () => ours.encode(text).ids.length);
  }
  return { ids: speed(clocks.ids, bytes), encodings: speed(clocks.encodings, bytes), rust: speed(clocks.rust, bytes) };
}

/** All threads: batches of ids here and of encodings there, in turns. */
export async function measureBatches(tokenizerJson: string, texts: readonly string[], threads: number) {
  const pool = createEncoderPool(tokenizerFromJson(tokenizerJson), { threads });
  const rust = Rust.fromString(tokenizerJson);
  const clocks = { ids: newClock(), rust: newClock() };
  let bytes = 0;
  try {
    for (let round = 0; round < 4; round++) {
      const used = round === 0 ? { ids: newClock(), rust: newClock() } : clocks;
      if (round > 0) for (const text of texts) bytes += Buffer.byteLength(text);
      await timed(used.ids, async () => (await pool.encodeIdsBatch(texts)).reduce((sum, ids) => sum + ids.length, 0));
      await timed(used.rust, async () =>
        (await rust.encodeBatch([...texts])).reduce((sum, encoding) => sum + encoding.getLength(), 0),
      );
    }
  } finally {
    await pool.dispose();
  }
  return { ids: speed(clocks.ids, bytes), rust: speed(clocks.rust, bytes) };
}

const newClock = (): Clock => ({ seconds: 0, cpuSeconds: 0, tokens: 0 });

/** Trains the Cramming tokenizer; `threads` 0 counts on the calling thread. Memory is the most of the process so far. */
export async function measureTraining(documents: Iterable<string>, { vocabSize = 32768, threads = 0 } = {}) {
  const countWords = threads > 0 ? countWordsInThreads({ threads }) : undefined;
  const start = performance.now();
  const cpu = process.cpuUsage();
  let counted = start;
  let characters = 0;
  await trainTokenizer(documents, {
    ...crammingTokenizerOptions({ vocabSize }),
    countWords,
    onProgress(progress) {
      if (progress.phase === "count") counted = performance.now();
      characters = progress.characters;
    },
  });
  const { user, system } = process.cpuUsage(cpu);
  return {
    seconds: (performance.now() - start) / 1e3,
    countSeconds: (counted - start) / 1e3,
    cpuSeconds: (user + system) / 1e6,
    megacharacters: characters / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1e3,
  };
}

/** The books of the development data, one at a time. */
export function* books(shared: string): Generator<string> {
  const folder = join(shared, "data/text/gutenberg");
  for (const file of readdirSync(folder).sort()) {
    for (const line of gunzipSync(readFileSync(join(folder, file)))
      .toString()
      .trimEnd()
      .split("\n"))
      yield JSON.parse(line).text;
  }
}

async function main(shared: string): Promise<void> {
  const json = readFileSync(join(shared, "data/tokenizers/bert-base-uncased/tokenizer.json"), "utf8");
  const texts: string[] = [];
  for (const book of books(shared)) {
    for (let at = 0; at < book.length && texts.length < 1000; at += 50_000) texts.push(book.slice(at, at + 10_000));
  }
  console.log("training", await measureTraining(books(shared)));
  console.log("training, 2 threads", await measureTraining(books(shared), { threads: 2 }));
  console.log("encoding, one thread", await measureEncoding(json, texts));
  console.log("encoding, 2 threads", await measureBatches(json, texts, 2));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv[2] ?? "../shared");
