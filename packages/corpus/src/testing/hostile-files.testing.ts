import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetFile, textPage } from "./parquet-file.testing.ts";
import { zstdBomb } from "./zstd-frame.testing.ts";

const megabyte = 1 << 20;

/** A file that wants more memory than it has bytes, or more than there is. */
export interface HostileFile {
  name: string;
  /** What it is, for the table. */
  what: string;
  write(path: string): void;
  /** Options of `fileDocuments` beside the path. */
  options?: Record<string, unknown>;
}

const repeated = (path: string, head: string, piece: string, times: number, tail: string) => {
  const file = openSync(path, "w");
  writeSync(file, head);
  const bytes = Buffer.from(piece);
  for (let time = 0; time < times; time++) writeSync(file, bytes);
  writeSync(file, tail);
  closeSync(file);
};

const words = "A text of several words, which repeats itself. ".repeat(22_000).slice(0, megabyte);

/** One example of each kind. */
export const hostileFiles: readonly HostileFile[] = [
  {
    name: "bomb.jsonl.zst",
    what: "128 kB of zstd that unpack to 4.3 GB of one byte",
    write: (path) => writeFileSync(path, zstdBomb(32_000, 32)),
  },
  {
    name: "bomb.txt.gz",
    what: "2 MB of gzip that unpack to 2 GB in one line",
    write: (path) => {
      const member = gzipSync(Buffer.alloc(64 * megabyte, "word "));
      writeFileSync(path, Buffer.concat(Array.from({ length: 32 }, () => member)));
    },
  },
  {
    name: "bomb.parquet",
    what: "1 MB of Parquet whose page unpacks to 1 GB and claims 10 MB",
    write: (path) => {
      const page = textPage([""]);
      const packed = gzipSync(Buffer.alloc(1024 * megabyte));
      const header = { ...page.header, compressed_page_size: packed.length, uncompressed_page_size: 10 * megabyte };
      delete header.crc;
      writeFileSync(path, parquetFile([{ header, bytes: packed }], { rows: 1, codec: "GZIP" }));
    },
  },
  {
    name: "group.parquet",
    what: "a Parquet row group of 2 GB of text in pages of 1 MB",
    write: (path) => {
      const page = textPage([words], (bytes) => gzipSync(bytes));
      writeFileSync(
        path,
        parquetFile(
          Array.from({ length: 2048 }, () => page),
          { rows: 2048, codec: "GZIP" },
        ),
      );
    },
  },
  {
    name: "commas.csv",
    what: "a CSV row of 130 million commas",
    write: (path) => repeated(path, "text\n", ",".repeat(megabyte), 124, "\nfine\n"),
  },
  {
    name: "line.tsv",
    what: "a TSV line of 300 MB",
    write: (path) => repeated(path, "id\ttext\n", words, 286, "\n1\tfine\n"),
  },
  {
    name: "quote.csv",
    what: "a CSV quote that does not close within 300 MB",
    write: (path) => repeated(path, 'text\n"', words, 286, ""),
  },
  {
    name: "line.jsonl",
    what: "a JSON line of 250 MB of text",
    write: (path) => repeated(path, '{"text":"', words, 238, '"}\n{"text":"fine"}\n'),
  },
  {
    name: "deep.jsonl",
    what: "a JSON line of 100 million opening brackets",
    write: (path) => repeated(path, "", "[".repeat(megabyte), 100, '\n{"text":"fine"}\n'),
  },
  {
    name: "wide.jsonl",
    what: "a JSON line of 80 million empty objects",
    write: (path) => repeated(path, '{"text":"a","b":[{}', ",{}".repeat(megabyte), 80, ']}\n{"text":"fine"}\n'),
  },
  {
    name: "wide.json",
    what: "the same in a JSON array",
    write: (path) => repeated(path, '[{"text":"a","b":[{}', ",{}".repeat(megabyte), 80, ']},{"text":"fine"}]\n'),
  },
  {
    name: "word.txt",
    what: "200 MB of one word",
    write: (path) => repeated(path, "", "a".repeat(megabyte), 200, "\n"),
  },
  {
    name: "tabs.txt",
    what: "200 MB of tabs through clean()",
    write: (path) => repeated(path, "text", "\t".repeat(megabyte), 200, "end\n"),
  },
];

/** Writes one of them into a folder. */
export const writeHostile = (folder: string, { name, write }: HostileFile): string => {
  const path = join(folder, name);
  write(path);
  return path;
};
