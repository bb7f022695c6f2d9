import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Document } from "@cramkit/corpus";
import { type Json, writePreparedSet } from "@cramkit/packer/node";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sentences } from "../testing/tiny.testing.ts";
import {
  createEncoder,
  type Encoder,
  type EncodingNotes,
  encodedDocuments,
  measuredDocuments,
} from "./encoded-documents.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "cramkit-encoded-"));
});
afterAll(() => rmSync(root, { recursive: true }));

const words = sentences(2400);
/** Every seventh is of letters that do not compress. */
const texts = Array.from({ length: 800 }, (_, n) =>
  n % 7 === 3 ? "qjx zvk ".repeat(9) : words.slice(3 * n, 3 * n + 3).join(" "),
);
const tokenizer = await trainTokenizer(texts, { ...crammingTokenizerOptions({ vocabSize: 120 }), size: "trained" });

async function* documents(from = 0): AsyncGenerator<Document> {
  for (const [n, text] of texts.entries()) if (n >= from) yield { text, id: `${n}` };
}

const many = 1e9;

it.each([1, 2])("encodes with %i threads what it encodes without, in order", async (threads) => {
  const encoder = createEncoder(tokenizer, threads, many);
  try {
    let n = 0;
    // More than a batch for each thread.
    async function* repeated() {
      for (let times = 0; times < 12; times++) yield* documents();
    }
    for await (const { document, ids } of encoder.encode(repeated())) {
      const text = texts[n++ % texts.length]!;
      expect(document.text).toBe(text);
      if (n % 50 === 0) expect(ids).toEqual(tokenizer.encodeIds(text));
    }
    expect(n).toBe(12 * texts.length);
  } finally {
    await encoder.dispose();
  }
});

it("may be left early", async () => {
  const encoder = createEncoder(tokenizer, 2, many);
  for await (const { document } of encoder.encode(documents())) {
    expect(document.id).toBe("0");
    break;
  }
  await encoder.dispose();
});

it("goes on behind the last finished file: what is packed is not encoded again, and the counts are those of one go", async () => {
  const plain = createEncoder(tokenizer, 0, many);
  let encodedTexts = 0;
  const counting: Encoder = {
    ...plain,
    async *encode(source) {
      for await (const encoded of plain.encode(source)) {
        encodedTexts++;
        yield encoded;
      }
    },
  };
  const write = (folder: string, stopAt = Number.POSITIVE_INFINITY) => {
    const encoded = encodedDocuments((from) => measuredDocuments(documents(from), counting), 0.6);
    return writePreparedSet(
      folder,
      (from, notes) => encoded.documents(from, notes as unknown as EncodingNotes | null),
      {
        seqLength: 16,
        vocabSize: tokenizer.vocabSize,
        order: "shuffled",
        rowsPerShard: 100,
        memoryBytes: 10_000,
        notes: encoded.notes,
        report: (notes) => notes as Json,
        onProgress: ({ documents }) => {
          if (documents >= stopAt) throw new Error("stopped");
        },
      },
    );
  };
  const whole = await write(join(root, "whole"));
  expect(encodedTexts).toBe(texts.length);
  const report = whole.report as unknown as EncodingNotes;
  expect(report.read).toBe(texts.length);
  expect(report.compressibility!.dropped.documents).toBe(114);
  expect(report.compressibility!.kept.documents).toBe(texts.length - 114);

  encodedTexts = 0;
  const folder = join(root, "stopped");
  const stops = [100, 300, 500, 600];
  for (const stopAt of stops) await expect(write(folder, stopAt)).rejects.toThrow("stopped");
  expect(await write(folder)).toEqual(whole);
  for (const { file } of whole.shards)
    expect(readFileSync(join(folder, file))).toEqual(readFileSync(join(root, "whole", file)));
  // Each stop costs no more than the documents of one unfinished file: some 300 rows of 16 tokens.
  expect(encodedTexts).toBeLessThan(texts.length + stops.length * 100);
});
