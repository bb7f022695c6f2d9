import type { Component } from "../json/schema.ts";
import type { WordCounts } from "./alphabet.ts";
import { addExpectations, bestPaths, emptyLattice, fillLattice, type UnigramRound, unigramRound } from "./lattice.ts";
import type { TrainOptions } from "./options.ts";
import { type ScoredPiece, seedPieces } from "./seed-pieces.ts";
import { compareCodePoints } from "./train-word-level.ts";
import type { OnFraction } from "./turns.ts";
import { VocabSizeError } from "./vocab-size-error.ts";

/** So many words take some hundredths of a second. */
const wordsBetweenTurns = 4096;
const SEED_SIZE = 1_000_000;
const SHRINKING_FACTOR = 0.75;
const ROUNDS_BETWEEN_PRUNINGS = 2;

/**
 * Kudo, "Subword Regularization" (arXiv 1804.10959): from many pieces, alternate expectation and maximization and drop the
 * pieces whose loss hurts the likelihood least, until 1.1 times the wanted number is left; then keep the characters and the
 * first of the others. Counts are summed in the order of the words, so the result depends on nothing else.
 */
export const trainUnigram = async (
  words: WordCounts,
  options: TrainOptions,
  onProgress: OnFraction,
): Promise<Component> => {
  const { vocabSize, specialTokens = [], unkToken, initialAlphabet = [] } = options;
  const characters = new Set(initialAlphabet);
  for (const word of words.keys()) for (const character of word) characters.add(character);
  if (characters.size + specialTokens.length > vocabSize) {
    throw new VocabSizeError(
      `at least ${characters.size + specialTokens.length} (${specialTokens.length} special tokens and the characters of the text)`,
      vocabSize,
      "raise it",
    );
  }
  const target = Math.floor((vocabSize * 11) / 10);
  let pieces: ScoredPiece[] = [{ text: "", score: Number.NaN }];
  const seeds = await seedPieces(words, options.maxTokenLength ?? 16, SEED_SIZE, () => onProgress(0));
  for (const piece of seeds) pieces.push(piece);
  const rounds = Math.max(1, Math.ceil(Math.log(target / pieces.length) / Math.log(SHRINKING_FACTOR)) + 1);
  for (let done = 1; ; done++) {
    for (let i = 0; i < ROUNDS_BETWEEN_PRUNINGS; i++)
      pieces = maximize(pieces, await expectations(words, unigramRound(pieces), () => onProgress((done - 1) / rounds)));
    await onProgress(Math.min(1, done / rounds));
    if (pieces.length <= target) break;
    const before = pieces.length;
    pieces = await prune(words, unigramRound(pieces), target, () => onProgress(done / rounds));
    if (pieces.length === before) break; // all of them are needed
  }
  const chosen = choose(pieces, [...characters].sort(compareCodePoints), vocabSize - specialTokens.length);
  return {
    type: "Unigram",
    unk_id: unkToken === undefined ? null : specialTokens.indexOf(unkToken),
    vocab: [...specialTokens.map((token) => [token, 0]), ...chosen.map(({ text, score }) => [text, readable(score)])],
    byte_fallback: false,
  };
};

/**
 * To 15 digits, which every reader of JSON takes to the same double. The one of `tokenizers` is often a last bit off with 17,
 * and a last bit decides which of two equally probable segmentations wins.
 */
const readable = (score: number): number => Number(score.toPrecision(15));

const expectations = async (
  words: WordCounts,
  round: UnigramRound,
  pause: () => void | Promise<void>,
): Promise<Float64Array> => {
  const expected = new Float64Array(round.pieces.length);
  const lattice = emptyLattice();
  let done = 0;
  for (const [word, count] of words) {
    if (++done % wordsBetweenTurns === 0) await pause();
    fillLattice(lattice, word, round);
    addExpectations(lattice, round, count, expected);
  }
  return expected;
};

/** New scores from the expected counts, with the digamma function as a sparse prior; rare pieces go. */
const maximize = (pieces: readonly ScoredPiece[], expected: Float64Array): ScoredPiece[] => {
  const kept = pieces.flatMap(({ text }, id) =>
    id > 0 && expected[id]! >= 0.5 ? [{ text, score: expected[id]! }] : [],
  );
  const logSum = digamma(kept.reduce((sum, { score }) => sum + score, 0));
  return [pieces[0]!, ...kept.map(({ text, score }) => ({ text, score: digamma(score) - logSum }))];
};

const digamma = (value: number): number => {
  let x = value;
  let result = 0;
  for (; x < 7; x++) result -= 1 / x;
  x -= 0.5;
  const a = 1 / x;
  const b = a * a;
  const c = b * b;
  return result + Math.log(x) + (1 / 24) * b - (7 / 960) * c + (31 / 8064) * c * b - (127 / 30720) * c * c;
};

const prune = async (
  words: WordCounts,
  round: UnigramRound,
  target: number,
  pause: () => void | Promise<void>,
): Promise<ScoredPiece[]> => {
  const { pieces } = round;
  const lattice = emptyLattice();
  const frequency = new Float64Array(pieces.length);
  let [total, seen] = [0, 0];
  for (const [word, count] of words) {
    if (++seen % wordsBetweenTurns === 0) await pause();
    fillLattice(lattice, word, round);
    total += count;
    for (const id of bestPaths(lattice, round, 1)[0] ?? []) frequency[id]! += count;
  }
  const sum = frequency.reduce((a, b) => a + b, 0);
  const logSum = Math.log(sum);

  const kept: ScoredPiece[] = [pieces[0]!];
  const candidates: { piece: ScoredPiece; loss: number }[] = [];
  for (let id = 1; id < pieces.length; id++) {
    if (id % wordsBetweenTurns === 0) await pause();
    const piece = pieces[id]!;
    fillLattice(lattice, piece.text, round);
    const [best, second] = bestPaths(lattice, round, 2);
    const alwaysKeep = second === undefined || best!.length < 2;
    if (frequency[id] === 0 && !alwaysKeep) continue;
    if (second === undefined || best!.length >= 2) {
      kept.push(piece);
      continue;
    }
    if (frequency[id] === 0) continue;
    // How much less likely the text is if the piece is replaced by its best alternative.
    const own = Math.log(frequency[id]!) - logSum;
    const logSumWithout = Math.log(sum + frequency[id]! * (pieces.length - 1));
    const alternative = second.reduce(
      (log, other) => log + Math.log(frequency[other]! + frequency[id]!) - logSumWithout,
      0,
    );
    candidates.push({ piece, loss: (frequency[id]! / total) * (own - alternative) });
  }
  const size = Math.max(target, Math.floor(pieces.length * SHRINKING_FACTOR));
  candidates.sort((a, b) => b.loss - a.loss);
  for (const { piece } of candidates.slice(0, Math.max(0, size - kept.length))) kept.push(piece);
  return kept;
};

/** The characters, then the first pieces, `size` in all, the most probable first. */
const choose = (pieces: readonly ScoredPiece[], characters: readonly string[], size: number): ScoredPiece[] => {
  const real = pieces.slice(1);
  const scores = new Map(real.map(({ text, score }) => [text, score]));
  let lowest = real.reduce((least, { score }) => Math.min(least, score), Number.POSITIVE_INFINITY);
  const chosen = characters.map((text): ScoredPiece => {
    const score = scores.get(text) ?? lowest;
    if (!scores.has(text)) lowest += 0.0001;
    return { text, score };
  });
  const required = new Set(characters);
  for (const piece of real) {
    if (chosen.length >= size) break;
    if (!required.has(piece.text)) chosen.push(piece);
  }
  return chosen.sort((a, b) => b.score - a.score);
};
