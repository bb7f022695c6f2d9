import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { CorpusInputError } from "../node/sources/bad-input.ts";
import { type FileDocumentsOptions, fileDocuments } from "../node/sources/files.ts";
import { parquetFile, textPage } from "./parquet-file.testing.ts";
import { zstdFrame } from "./zstd-frame.testing.ts";

/** Good files of one format, to be damaged. */
export interface FuzzTarget {
  name: string;
  seeds: readonly Uint8Array[];
  options?: readonly Omit<FileDocumentsOptions, "path">[];
}

const texts = Array.from({ length: 12 }, (_, n) => `text ${n} \u4e2d\u{1f600}, "quoted"`);
const csv = `id,text\n${texts.map((text, n) => `${n},"${text.replaceAll('"', '""')}"`).join("\r\n")}\n`;
const tsv = `id\ttext\n${texts.map((text, n) => `${n}\t${text}`).join("\n")}`;
const jsonl = texts.map((text, id) => JSON.stringify({ id, text, score: [1, { a: null }] })).join("\n");
const columns = [
  { name: "id", data: texts.map((_, n) => BigInt(n)), type: "INT64" as const },
  { name: "text", data: texts.map((text, n) => (n % 5 === 3 ? null : text)), type: "STRING" as const },
];
const parquet = (encoding?: "DELTA_BYTE_ARRAY" | "DELTA_LENGTH_BYTE_ARRAY" | "PLAIN") =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map((column) => (column.name === "text" && encoding ? { ...column, encoding } : column)),
      codec: "UNCOMPRESSED",
      rowGroupSize: 5,
    }),
  );
const bytes = (text: string) => new TextEncoder().encode(text);

/** Every format that is read, by the ending of its name. */
export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: "a.csv",
    seeds: [bytes(csv)],
    options: [{}, { quote: false }, { escape: "\\" }, { delimiter: ";" }, { field: 1 }, { encoding: "utf-16le" }],
  },
  { name: "a.tsv", seeds: [bytes(tsv)], options: [{}, { quote: '"' }, { field: 0 }] },
  { name: "a.jsonl", seeds: [bytes(jsonl), bytes(jsonl.replaceAll("null", "NaN"))] },
  { name: "a.json", seeds: [bytes(`[${jsonl.replaceAll("\n", ",\n")}]`), bytes(jsonl)] },
  { name: "a.txt", seeds: [bytes(`\ufeff${tsv}`)], options: [{}, { unit: "line" }, { unit: "block" }] },
  { name: "wiki_00", seeds: [bytes('<doc id="1" url="u" title="T">\nT\n\nText &amp; more.\n</doc>\n')] },
  {
    name: "a.jsonl.zst",
    seeds: [zstdFrame(bytes(jsonl), { blockBytes: 100 }), zstdFrame(bytes(jsonl), { checksum: 1 })],
  },
  { name: "a.jsonl.gz", seeds: [gzipSync(jsonl)] },
  {
    name: "a.parquet",
    seeds: [
      parquet(),
      parquet("PLAIN"),
      parquet("DELTA_BYTE_ARRAY"),
      parquet("DELTA_LENGTH_BYTE_ARRAY"),
      parquetFile([textPage(texts), textPage(texts)], { rows: 2 * texts.length }),
    ],
    options: [{}, { where: () => true }],
  },
];

/** Numbers below `limit` that follow from a seed. */
export const draws = (seed: number): ((limit: number) => number) => {
  let state = (seed ^ 0x9e3779b9) | 0;
  return (limit) => {
    state = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    state = (Math.imul(state ^ (state >>> 15), 0x735a2d97) + 0x6d2b79f5) | 0;
    return Math.floor((((state ^ (state >>> 15)) >>> 0) / 2 ** 32) * limit);
  };
};

const interesting = [0, 1, 9, 10, 13, 32, 34, 39, 44, 91, 92, 93, 123, 125, 127, 128, 0xbf, 0xc0, 0xef, 0xfe, 0xff];

/** A few changes to a file, by chance: flipped bits, other bytes, cuts, repeats, numbers at their limits. */
const damaged = (seed: Uint8Array, draw: (limit: number) => number): Buffer => {
  let file = Buffer.from(seed);
  for (let changes = 1 + draw(4); changes > 0; changes--) {
    const at = draw(file.length);
    const size = Math.min(file.length - at, 1 + draw(8));
    switch (draw(6)) {
      case 0:
        if (file.length > 0) file[at]! ^= 1 << draw(8);
        break;
      case 1:
        for (let index = 0; index < size; index++) file[at + index] = interesting[draw(interesting.length)]!;
        break;
      case 2:
        file = file.subarray(0, at);
        break;
      case 3:
        file = Buffer.concat([file.subarray(0, at), file.subarray(at + size)]);
        break;
      case 4:
        file = Buffer.concat([
          file.subarray(0, at),
          ...Array(1 + draw(20)).fill(file.subarray(at, at + size)),
          file.subarray(at),
        ]);
        break;
      case 5:
        file.fill(0xff, at, at + size);
    }
  }
  return file;
};

const maxSeconds = 10;
const maxMegabytes = 1500;

/**
 * Reads one damaged file. It may give documents, bad records, or an error that names the file: nothing else, in little
 * time and memory. Returns what is wrong, or undefined.
 */
export const fuzzOnce = async ({ name, seeds, options = [{}] }: FuzzTarget, folder: string, seed: number) => {
  const draw = draws(seed);
  const path = join(folder, name);
  const file = damaged(seeds[draw(seeds.length)]!, draw);
  writeFileSync(path, file);
  const chosen = options[draw(options.length)];
  const started = process.cpuUsage();
  try {
    for await (const { text } of fileDocuments({ maxBadShare: 1, ...chosen, path })) {
      if (typeof text !== "string") return `seed ${seed}: a text that is ${typeof text}`;
    }
  } catch (error) {
    const isClear = error instanceof CorpusInputError || error instanceof RangeError;
    const { message } = error as Error;
    if (!isClear || !message.includes(name)) return `seed ${seed}: ${(error as Error).stack}`;
  }
  const { user, system } = process.cpuUsage(started); // a process that waits for its turn is not slow
  const seconds = (user + system) / 1e6;
  if (seconds > maxSeconds) return `seed ${seed}: ${seconds.toFixed(1)} s of processor time`;
  const megabytes = process.memoryUsage.rss() / 2 ** 20;
  return megabytes > maxMegabytes ? `seed ${seed}: ${megabytes.toFixed(0)} MB` : undefined;
};
