import { open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { createAtomicFile, writeFileAtomic } from "@cramkit/files";
import type { ChunkDictionary, ChunkSequence, NumberedChunks } from "@cramkit/tokenizer";

/**
 * The training documents of a work folder as the numbers of their chunks, beside their texts: so they are cut into chunks
 * once, to be measured, counted and encoded. Without these files, the texts are read again.
 */
const chunkFiles = (folder: string) => ({
  documents: join(folder, "work", "training-chunks.bin"),
  /** Written last. */
  dictionary: join(folder, "work", "training-dictionary.bin"),
});

const format = 1;
const headerElements = 6 + 32;
/** Units of the longest chunk. */
const mostUnits = 64;

/** Elements that are written at a time. */
const bufferElements = 1 << 18;

export interface ChunksWriter {
  /** Appends the chunks of a text. If it gives a promise, wait for it. */
  add(text: string): Promise<void> | undefined;
  /** Completes the files. */
  commit(): Promise<void>;
  /** Removes what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

export const removeChunks = async (folder: string): Promise<void> => {
  for (const path of Object.values(chunkFiles(folder)).reverse()) await rm(path, { force: true });
};

export const createChunksWriter = async (folder: string, dictionary: ChunkDictionary): Promise<ChunksWriter> => {
  const paths = chunkFiles(folder);
  await removeChunks(folder);
  const file = await createAtomicFile(paths.documents);
  const buffer = new Int32Array(bufferElements);
  let used = 0;
  let [documents, elements] = [0, 0];
  const write = async (part: Int32Array) => {
    if (part.length > 0) await file.write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    elements += part.length;
  };
  const flush = async () => {
    await write(buffer.subarray(0, used));
    used = 0;
  };
  const append = (length: number, sequence: ChunkSequence) => {
    buffer[used++] = length;
    buffer[used++] = sequence.length;
    buffer.set(sequence, used);
    used += sequence.length;
    documents++;
  };
  return {
    add(text) {
      const sequence = dictionary.read(text);
      if (used + 2 + sequence.length <= buffer.length) return void append(text.length, sequence);
      return (async () => {
        await flush();
        if (2 + sequence.length <= buffer.length) return append(text.length, sequence);
        await write(Int32Array.of(text.length, sequence.length));
        await write(sequence);
        documents++;
      })();
    },
    async commit() {
      await flush();
      await file.commit();
      await writeFileAtomic(paths.dictionary, dictionaryBytes(dictionary, documents, elements));
    },
    abort: () => file.abort(),
  };
};

/** The chunks and what they belong to: numbers of 32 bits, then the UTF-16 units of all chunks. */
const dictionaryBytes = (dictionary: ChunkDictionary, documents: number, elements: number): Uint8Array => {
  const { rule, size } = dictionary;
  const codes = new Uint8Array(mostUnits);
  const bytes = new Uint8Array(4 * (headerElements + size + 1) + 2 * mostUnits * size);
  const numbers = new Int32Array(bytes.buffer, 0, headerElements + size + 1);
  numbers.set([format, documents, elements, size, Number(rule.keepSpace), Number(rule.anyNeighbour)]);
  bytes.set(rule.kinds, 4 * 6);
  const all = new Uint16Array(bytes.buffer, numbers.byteLength);
  let at = 0;
  for (let n = 0; n < size; n++) {
    const length = dictionary.asciiOf(n, codes);
    for (let i = 0; i < length; i++) all[at++] = codes[i]!;
    if (length < 0) {
      const chunk = dictionary.chunk(n);
      for (let i = 0; i < chunk.length; i++) all[at++] = chunk.charCodeAt(i);
    }
    numbers[headerElements + n + 1] = at;
  }
  return bytes.subarray(0, all.byteOffset + 2 * at);
};

/** Documents as their chunks. */
export interface StoredChunks extends NumberedChunks {
  /** The documents from number `from` on; each is borrowed until the next. `length` counts UTF-16 units. */
  read(from: number): AsyncGenerator<{ readonly length: number; readonly sequence: ChunkSequence }>;
}

/** The chunks of the training documents if they are there, and are those of so many documents. */
export const openChunks = async (folder: string, documents: number): Promise<StoredChunks | undefined> => {
  const paths = chunkFiles(folder);
  const bytes = await readFile(paths.dictionary).catch(() => undefined);
  const size = await stat(paths.documents).then(
    (found) => found.size,
    () => -1,
  );
  if (bytes === undefined || bytes.length < 4 * headerElements) return undefined;
  const own = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  const header = new Int32Array(own.buffer, own.byteOffset, headerElements);
  const [version, count, elements, chunks] = header as unknown as [number, number, number, number];
  if (version !== format || count !== documents || size !== 4 * elements) return undefined;
  const bounds = new Int32Array(own.buffer, own.byteOffset + 4 * headerElements, chunks + 1);
  const units = new Uint16Array(own.buffer, bounds.byteOffset + bounds.byteLength);
  return {
    rule: { kinds: own.subarray(4 * 6, 4 * headerElements), keepSpace: header[4] === 1, anyNeighbour: header[5] === 1 },
    size: chunks,
    chunk: (n) => String.fromCharCode(...units.subarray(bounds[n]!, bounds[n + 1]!)),
    asciiOf(n, codes) {
      const [from, to] = [bounds[n]!, bounds[n + 1]!];
      for (let at = from; at < to; at++) {
        const unit = units[at]!;
        if (unit > 127) return -1;
        codes[at - from] = unit;
      }
      return to - from;
    },
    read: (from) => readSequences(paths.documents, from),
  };
};

async function* readSequences(path: string, from: number) {
  const file = await open(path);
  try {
    let buffer = new Int32Array(bufferElements);
    let [at, end] = [0, 0];
    /** Makes `elements` available from `at` on; false at the end of the file. */
    const fill = async (elements: number): Promise<boolean> => {
      if (end - at >= elements) return true;
      const next = elements > buffer.length ? new Int32Array(elements) : buffer;
      next.set(buffer.subarray(at, end));
      end -= at;
      at = 0;
      buffer = next;
      const bytes = new Uint8Array(buffer.buffer);
      let filled = 4 * end;
      while (filled < 4 * elements) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      end = filled >> 2;
      return end >= elements;
    };
    for (let number = 0; await fill(2); number++) {
      const length = buffer[at]!;
      const elements = buffer[at + 1]!;
      at += 2;
      if (!(await fill(elements)))
        throw fault({
          code: "damaged-file",
          place: path,
          problem: "the file ends inside a document",
          remedy: "remove it and go on",
        });
      if (number >= from) yield { length, sequence: buffer.subarray(at, at + elements) };
      at += elements;
    }
  } finally {
    await file.close();
  }
}
