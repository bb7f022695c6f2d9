import { checkOptions, fault } from "@cramkit/errors";
import { checkSeed, createDraws, permutation, streamKey } from "@cramkit/random";
import { crammedMasking, createMasker, type Masking } from "./masking.ts";
import type { RowSource } from "./rows.ts";

/** What a masked language model takes. Every array is the receiver's own. */
export interface MaskedBatch {
  batchSize: number;
  /** Tokens of a row as the model sees it: less than the source's if tokens are dropped. */
  seqLength: number;
  /** `[batchSize * seqLength]` */
  inputIds: Int32Array;
  /** `[count]` flat indices into `batchSize * seqLength`, ascending. */
  positions: Int32Array;
  /** `[count]` the ids that stood there. */
  targets: Int32Array;
}

const cursorVersion = 2;

/** Plain JSON: where in the stream of rows the next batch begins, and of which stream. */
export interface BatchCursor {
  /** 1 counted in the random numbers before `@cramkit/random`. */
  version: 2;
  /** Rows of the stream that lie before, over all ranks and epochs. */
  rows: number;
  /** Names the set, the seed and the order of epochs; a cursor of another stream is refused. */
  stream: string;
}

export interface MaskedBatchOptions {
  batchSize: number;
  maskId: number;
  /**
   * A function is asked before each batch, for masks that change over a run; it should return the same object while nothing
   * changes.
   *
   * @defaultValue `crammedMasking`
   */
  masking?: Masking | (() => Masking);
  /** @defaultValue `0` */
  seed?: number;
  /**
   * Goes on after the batch that came with this cursor. The batch size and the number of ranks may differ.
   * @defaultValue the beginning of the stream
   */
  cursor?: BatchCursor;
  /**
   * Times over the rows. `Infinity` never ends. Batches run across the border of epochs.
   * @defaultValue `1`
   */
  epochs?: number;
  /**
   * A new order of the rows in every epoch, the first included; else each epoch is in the stored order.
   * @defaultValue `false`
   */
  reshuffle?: boolean;
  /**
   * This consumer's number among `world` that share the stream: row i of the stream belongs to rank i mod world.
   * @defaultValue `0`
   */
  rank?: number;
  /** @defaultValue `1` */
  world?: number;
  /**
   * Deals whole batches out instead of rows: those of `world` ranks are the batches of one rank, in turn.
   * @defaultValue `false`
   */
  wholeBatches?: boolean;
  /**
   * The share of tokens to leave out of each row, at random: `floor(seqLength * (1 - tokenDrop))` remain, in order.
   * @defaultValue `0`
   */
  tokenDrop?: number;
  /**
   * Leave out the rows at the very end that do not fill a batch; else they come as a smaller one.
   * @defaultValue `true`
   */
  dropLast?: boolean;
}

/**
 * Masked batches in the order of the stream, each with the cursor of what follows it. Masking, dropping and shuffling
 * depend on (seed, place in the stream) alone, so the stream is the same however it is cut into batches and resumed.
 * Tokens are dropped before masking: the number of masked positions a row stays the same. Borrows the source.
 */
export async function* maskedBatches(
  source: RowSource,
  options: MaskedBatchOptions,
): AsyncGenerator<{ batch: MaskedBatch; cursor: BatchCursor }> {
  checkOptions("maskedBatches", options, {
    batchSize: true,
    maskId: true,
    masking: true,
    seed: true,
    cursor: true,
    epochs: true,
    reshuffle: true,
    rank: true,
    world: true,
    wholeBatches: true,
    tokenDrop: true,
    dropLast: true,
  });
  const { batchSize, maskId, masking = crammedMasking, seed = 0, cursor } = options;
  const {
    epochs = 1,
    reshuffle = false,
    rank = 0,
    world = 1,
    wholeBatches = false,
    tokenDrop = 0,
    dropLast = true,
  } = options;
  checkValues({ batchSize, epochs, rank, world, tokenDrop, seed });
  const { rowCount, vocabSize } = source;
  const stream = `${source.key ?? "rows"}/${rowCount}x${source.seqLength}/seed=${seed}/reshuffle=${reshuffle}`;
  if (cursor) checkCursor(cursor, stream);

  const seqLength = Math.floor(source.seqLength * (1 - tokenDrop));
  if (seqLength < 1)
    throw fault({
      code: "invalid-argument",
      place: "maskedBatches",
      problem: `expected a tokenDrop that leaves a token of ${source.seqLength}, got ${tokenDrop}`,
      type: RangeError,
    });
  const maskingNow = typeof masking === "function" ? masking : () => masking;
  let current = maskingNow();
  let masker = createMasker(current, { seqLength, vocabSize, maskId, seed });
  const dropTokens = seqLength < source.seqLength ? createTokenDropper(source.seqLength, seqLength, seed) : undefined;
  const rowAt = rowOrder(rowCount, seed, reshuffle);
  const rowTotal = rowCount === 0 ? 0 : rowCount * epochs;
  if (dropLast && rowTotal < batchSize * world)
    throw fault({
      code: "invalid-argument",
      place: "maskedBatches",
      problem: `expected at least batchSize * world = ${batchSize * world} rows, got ${rowTotal}`,
      remedy: "lower the batch size, raise epochs or set dropLast to false",
      type: RangeError,
    });

  for (let at = cursor?.rows ?? 0; at < rowTotal; at += batchSize * world) {
    // This rank's places are first, first + stride, ...
    const [first, stride] = wholeBatches ? [at + rank * batchSize, 1] : [at + rank, world];
    const size = Math.min(batchSize, Math.ceil((rowTotal - first) / stride));
    if (dropLast ? rowTotal - at < batchSize * world : size < 1) return;
    const indices = new Float64Array(size);
    for (let i = 0; i < size; i++) indices[i] = rowAt(first + i * stride);
    let inputIds = new Int32Array(size * source.seqLength);
    await source.readRows(indices, inputIds);
    if (dropTokens) {
      for (let i = 0; i < size; i++) dropTokens(inputIds, i, first + i * stride);
      inputIds = inputIds.slice(0, size * seqLength);
    }
    const wanted = maskingNow();
    if (wanted !== current) {
      current = wanted;
      masker = createMasker(wanted, { seqLength, vocabSize, maskId, seed });
    }
    const positions = new Int32Array(size * masker.maxCount);
    const targets = new Int32Array(size * masker.maxCount);
    let count = 0;
    for (let i = 0; i < size; i++)
      count = masker.mask(inputIds, i * seqLength, first + i * stride, positions, targets, count);
    const exact = count === positions.length;
    yield {
      batch: {
        batchSize: size,
        seqLength,
        inputIds,
        positions: exact ? positions : positions.slice(0, count),
        targets: exact ? targets : targets.slice(0, count),
      },
      cursor: { version: cursorVersion, rows: Math.min(rowTotal, at + batchSize * world), stream },
    };
  }
}

/** The row that stands at a place of the stream. */
const rowOrder = (rowCount: number, seed: number, reshuffle: boolean): ((place: number) => number) => {
  if (!reshuffle) return (place) => place % rowCount;
  let epoch = -1;
  let permute = (index: number) => index;
  return (place) => {
    const now = Math.floor(place / rowCount);
    if (now !== epoch) {
      epoch = now;
      permute = permutation(streamKey(seed, "packer/epoch", epoch), rowCount);
    }
    return permute(place % rowCount);
  };
};

/** Moves the kept tokens of row `i` (`from` tokens wide) to where row `i` of `to` tokens belongs. */
const createTokenDropper = (from: number, to: number, seed: number) => {
  const draws = createDraws(streamKey(seed, "packer/token-drop"));
  return (ids: Int32Array, i: number, place: number) => {
    draws.seek(place);
    // Selection sampling: each token is kept with probability (tokens still to keep) / (tokens still to see).
    let kept = 0;
    for (let t = 0; t < from && kept < to; t++)
      if (draws.below(from - t) < to - kept) ids[i * to + kept++] = ids[i * from + t]!;
  };
};

type Checked = Required<Pick<MaskedBatchOptions, "batchSize" | "epochs" | "rank" | "world" | "tokenDrop" | "seed">>;

const checkValues = ({ batchSize, epochs, rank, world, tokenDrop, seed }: Checked): void => {
  const expect = (holds: boolean, what: string, got: number) => {
    if (!holds)
      throw fault({
        code: "invalid-argument",
        place: "maskedBatches",
        problem: `expected ${what}, got ${got}`,
        type: RangeError,
      });
  };
  expect(Number.isInteger(batchSize) && batchSize > 0, "batchSize to be a positive integer", batchSize);
  expect(epochs === Infinity || (Number.isInteger(epochs) && epochs > 0), "epochs to be a positive integer", epochs);
  expect(Number.isInteger(world) && world > 0, "world to be a positive integer", world);
  expect(Number.isInteger(rank) && rank >= 0 && rank < world, `rank to be an integer of 0 to ${world - 1}`, rank);
  expect(tokenDrop >= 0 && tokenDrop < 1, "tokenDrop to be at least 0 and below 1", tokenDrop);
  checkSeed("maskedBatches", seed);
};

const checkCursor = (cursor: BatchCursor, stream: string): void => {
  if (cursor.version !== cursorVersion)
    throw fault({
      code: "version-mismatch",
      place: "maskedBatches",
      problem: `expected a cursor of version ${cursorVersion}, got ${cursor.version}`,
      remedy:
        (cursor.version as number) < cursorVersion
          ? "its masks and orders were drawn with other random numbers: begin the stream again, or finish it with the version that began it"
          : "update this package",
      type: RangeError,
    });
  if (cursor.stream !== stream)
    throw fault({
      code: "invalid-argument",
      place: "maskedBatches",
      problem: `expected a cursor of the stream "${stream}", got one of "${cursor.stream}"`,
      remedy: "open the set, and pass the seed and reshuffle, that it was taken with",
      type: RangeError,
    });
  if (!(Number.isInteger(cursor.rows) && cursor.rows >= 0))
    throw fault({
      code: "invalid-argument",
      place: "maskedBatches",
      problem: `expected cursor.rows to be a count of rows, got ${cursor.rows}`,
      type: RangeError,
    });
};
