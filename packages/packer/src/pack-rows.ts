import { checkOptions, fault } from "@cramkit/errors";
import { allocateTokens, type TokenArray } from "./rows.ts";

/** Documents as token ids, without the tokens that packing adds. */
export type TokenDocuments = AsyncIterable<ArrayLike<number>> | Iterable<ArrayLike<number>>;

export interface PackOptions {
  /** Tokens per row. */
  seqLength: number;
  /** Ids are below this; it decides the width of a token: two bytes up to 65,536, four above. */
  vocabSize: number;
  /**
   * Put after every document.
   * @defaultValue nothing between documents
   */
  separatorId?: number;
  /**
   * Put before every document.
   * @defaultValue nothing before documents
   */
  startId?: number;
}

/** A place in the stream of documents, always between two rows: packing goes on from here as if it had never stopped. */
export interface PackPosition {
  /** Documents that lie wholly before this place, empty ones included. */
  documents: number;
  /** Tokens of the next document that lie before this place, its start token and separator included. */
  offset: number;
  /** Empty documents so far: they leave no token, not even a separator. */
  emptyDocuments: number;
  /** Tokens in the rows so far. */
  tokens: number;
}

/** Rows in a line, and where the documents stood after the last of them. */
export interface RowBlock {
  /** `[rowCount * seqLength]`, the receiver's own. */
  tokens: TokenArray;
  rowCount: number;
  next: PackPosition;
}

export const packStart: PackPosition = { documents: 0, offset: 0, emptyDocuments: 0, tokens: 0 };

/**
 * Joins documents with their separator and cuts the line into rows of exactly `seqLength` tokens: no padding, and rows
 * run across documents. Yields blocks of `rowsPerBlock` rows, the last one shorter. Returns how many tokens were left
 * over at the end of the last document: fewer than a row, dropped.
 *
 * `from` continues an earlier call. The documents must then begin at document `from.documents`.
 */
export async function* packRows(
  documents: TokenDocuments,
  options: PackOptions & {
    /** @defaultValue `Math.max(1, Math.floor(131_072 / seqLength))` */
    rowsPerBlock?: number;
    /** @defaultValue `packStart` */
    from?: PackPosition;
  },
): AsyncGenerator<RowBlock, { droppedTokens: number; documents: number; emptyDocuments: number }> {
  checkOptions("packRows", options, {
    seqLength: true,
    vocabSize: true,
    separatorId: true,
    startId: true,
    rowsPerBlock: true,
    from: true,
  });
  const {
    seqLength,
    vocabSize,
    separatorId,
    startId,
    rowsPerBlock = Math.max(1, Math.floor(131_072 / seqLength)),
    from = packStart,
  } = options;
  checkPackOptions("packRows", { seqLength, vocabSize, separatorId, startId });
  const blockLength = rowsPerBlock * seqLength;
  const prefix = startId === undefined ? [] : [startId];
  const suffix = separatorId === undefined ? [] : [separatorId];
  let block = allocateTokens(blockLength, vocabSize);
  let filled = 0;
  let { documents: done, offset: skip, emptyDocuments, tokens } = from;

  for await (const document of documents) {
    if (document.length === 0) {
      if (skip > 0) throw changedSource(done);
      done++;
      emptyDocuments++;
      continue;
    }
    let before = 0; // tokens of this document that lie before the part at hand
    for (const part of [prefix, document, suffix]) {
      let at = Math.min(part.length, Math.max(0, skip - before));
      while (at < part.length) {
        const end = Math.min(part.length, at + blockLength - filled);
        for (; at < end; at++) {
          const id = part[at]!;
          if (id >>> 0 !== id || id >= vocabSize) throw badToken(id, at, done, vocabSize);
          block[filled++] = id;
        }
        if (filled === blockLength) {
          tokens += blockLength;
          yield {
            tokens: block,
            rowCount: rowsPerBlock,
            next: { documents: done, offset: before + at, emptyDocuments, tokens },
          };
          block = allocateTokens(blockLength, vocabSize);
          filled = 0;
        }
      }
      before += part.length;
    }
    if (skip > before) throw changedSource(done);
    skip = 0;
    done++;
  }
  if (skip > 0) throw changedSource(done);

  const rowCount = Math.floor(filled / seqLength);
  const droppedTokens = filled - rowCount * seqLength;
  if (rowCount > 0) {
    tokens += rowCount * seqLength;
    // Nothing can follow the last block, so its place is the end of the documents.
    yield {
      tokens: block.slice(0, rowCount * seqLength),
      rowCount,
      next: { documents: done, offset: 0, emptyDocuments, tokens },
    };
  }
  return { droppedTokens, documents: done, emptyDocuments };
}

/** Throws a RangeError, in the name of `caller`, if the options cannot be met. */
export const checkPackOptions = (caller: string, { seqLength, vocabSize, separatorId, startId }: PackOptions): void => {
  if (!Number.isInteger(seqLength) || seqLength < 1)
    throw fault({
      code: "invalid-argument",
      place: caller,
      problem: `expected seqLength to be a positive integer, got ${seqLength}`,
      type: RangeError,
    });
  if (!Number.isInteger(vocabSize) || vocabSize < 1 || vocabSize > 2 ** 32)
    throw fault({
      code: "invalid-argument",
      place: caller,
      problem: `expected vocabSize to be an integer of 1 to 2^32, got ${vocabSize}`,
      type: RangeError,
    });
  for (const [name, id] of Object.entries({ separatorId, startId }))
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < vocabSize))
      throw fault({
        code: "invalid-argument",
        place: caller,
        problem: `expected ${name} to be a token id below vocabSize ${vocabSize}, got ${id}`,
        type: RangeError,
      });
};

const badToken = (id: number, at: number, document: number, vocabSize: number): RangeError => {
  return fault({
    code: "invalid-argument",
    place: "packRows",
    problem: `expected token ids of 0 to ${vocabSize - 1}, got ${id} at token ${at} of document ${document}`,
    remedy: "pass the vocabSize of the tokenizer that made them",
    type: RangeError,
  });
};

const changedSource = (document: number): RangeError => {
  return fault({
    code: "invalid-argument",
    place: "packRows",
    problem: `expected document ${document} to be as long as when it was first read, got a shorter one`,
    remedy: "the documents changed since, start over in an empty folder",
    type: RangeError,
  });
};
