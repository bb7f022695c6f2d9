import { checkOptions, fault } from "@cramkit/errors";
import { createDraws, streamKey } from "@cramkit/random";
import {
  fate,
  type Replacement,
  roundHalfEven,
  type SelectFates,
  selectExactly,
  selectIndependently,
} from "./mask-selection.ts";

/**
 * `[vocabSize]`, truthy if a token begins a word. With it whole words are selected: as long as words fit with exact
 * masking, which then completes its count with a part of one; each word at once with Bernoulli masking. (transformers
 * selects a word if any of its tokens is drawn: long words more often, and more tokens than `rate` says.)
 */
export type WordStarts = ArrayLike<number>;

/**
 * Exactly `round(rate * seqLength)` positions of every row, special tokens included (the collator of crammed-bert). Of the
 * n positions, in the random order of their selection, the first round(0.8 n) become the mask token, those up to
 * round(0.9 n) a uniformly random id of the vocabulary, the others stay. Rounding is half to even, as Python's.
 */
export interface ExactMasking {
  kind: "exact";
  rate: number;
  /** @defaultValue `"80/10/10"` */
  replacement?: Replacement;
  /** @defaultValue tokens are selected one by one */
  wordStarts?: WordStarts;
}

/**
 * Every token on its own with probability `rate`, except the ids in `excludedIds` (the original BERT collator): of the
 * selected ones 80 % become the mask token, 10 % a random id, 10 % stay. The number of positions varies by row.
 */
export interface BernoulliMasking {
  kind: "bernoulli";
  rate: number;
  excludedIds: ArrayLike<number>;
  /** @defaultValue `"80/10/10"` */
  replacement?: Replacement;
  /** @defaultValue tokens are selected one by one */
  wordStarts?: WordStarts;
}

export type Masking = ExactMasking | BernoulliMasking;

/** 25 % of every row, 80/10/10: 32 of 128 positions, of which 26 masked, 3 random, 3 kept. */
export const crammedMasking: ExactMasking = { kind: "exact", rate: 0.25 };

/** 15 % of the tokens, each on its own, special tokens never. */
export const bertMasking = (specialIds: ArrayLike<number>): BernoulliMasking => {
  return { kind: "bernoulli", rate: 0.15, excludedIds: specialIds };
};

export interface Masker {
  /** The most positions that a row can have. */
  readonly maxCount: number;
  /**
   * Masks one row in place: `ids[start ... start + seqLength]`. Appends the flat index and the original id of every
   * selected position, ascending, to `positions` and `targets` from `count` on, and returns the new count. What it draws
   * depends on `position`, the place of the row in the stream, and on nothing else.
   */
  mask(
    ids: Int32Array,
    start: number,
    position: number,
    positions: Int32Array,
    targets: Int32Array,
    count: number,
  ): number;
}

export interface MaskerOptions {
  seqLength: number;
  vocabSize: number;
  maskId: number;
  seed: number;
}

/** A masker holds scratch space for one row: one masker a thread. */
export const createMasker = (masking: Masking, options: MaskerOptions): Masker => {
  checkOptions("createMasker", options, { seqLength: true, vocabSize: true, maskId: true, seed: true });
  const { seqLength, vocabSize, maskId, seed } = options;
  checkMasking(masking, maskId, vocabSize);
  const { maxCount, select } = selection(masking, seqLength);
  const draws = createDraws(streamKey(seed, "packer/mask"));
  const fates = new Uint8Array(seqLength);
  return {
    maxCount,
    mask(ids, start, position, positions, targets, count) {
      draws.seek(position);
      fates.fill(fate.none);
      select(ids, start, fates, draws);
      for (let i = 0; i < seqLength; i++) {
        const then = fates[i];
        if (then === fate.none) continue;
        positions[count] = start + i;
        targets[count++] = ids[start + i]!;
        if (then === fate.mask) ids[start + i] = maskId;
        else if (then === fate.randomise) ids[start + i] = draws.below(vocabSize);
      }
      return count;
    },
  };
};

const selection = (masking: Masking, seqLength: number): { maxCount: number; select: SelectFates } => {
  const { rate, replacement = "80/10/10", wordStarts } = masking;
  if (masking.kind === "bernoulli") {
    const excluded = new Set(Array.from(masking.excludedIds));
    return { maxCount: seqLength, select: selectIndependently(rate, seqLength, replacement, excluded, wordStarts) };
  }
  const count = roundHalfEven(rate * seqLength);
  if (count === 0)
    throw fault({
      code: "invalid-argument",
      place: "createMasker",
      problem: `expected a rate that selects at least one token of a row, got ${rate} of ${seqLength} tokens`,
      type: RangeError,
    });
  return { maxCount: count, select: selectExactly(count, seqLength, replacement, wordStarts) };
};

const checkMasking = ({ rate, wordStarts }: Masking, maskId: number, vocabSize: number): void => {
  if (!(rate > 0 && rate <= 1))
    throw fault({
      code: "invalid-argument",
      place: "createMasker",
      problem: `expected a rate above 0 and up to 1, got ${rate}`,
      type: RangeError,
    });
  if (!(Number.isInteger(maskId) && maskId >= 0 && maskId < vocabSize))
    throw fault({
      code: "invalid-argument",
      place: "createMasker",
      problem: `expected maskId to be a token id below vocabSize ${vocabSize}, got ${maskId}`,
      type: RangeError,
    });
  if (wordStarts && wordStarts.length !== vocabSize)
    throw fault({
      code: "invalid-argument",
      place: "createMasker",
      problem: `expected wordStarts to have one entry for each of ${vocabSize} tokens, got ${wordStarts.length}`,
      type: RangeError,
    });
};
