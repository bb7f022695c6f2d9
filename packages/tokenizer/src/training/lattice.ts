import { buildTrie, NONE, ROOT, step, type Trie, valueAt } from "../models/trie.ts";
import type { ScoredPiece } from "./seed-pieces.ts";

/** The pieces of one round of Unigram training. Piece 0 stands for unknown characters and is in no text. */
export interface UnigramRound {
  pieces: readonly ScoredPiece[];
  scores: Float64Array;
  unknownScore: number;
  trie: Trie;
}

export const unigramRound = (pieces: readonly ScoredPiece[]): UnigramRound => {
  const scores = Float64Array.from(pieces, ({ score }) => score);
  let least = Number.POSITIVE_INFINITY;
  for (let id = 1; id < scores.length; id++) least = Math.min(least, scores[id]!);
  const real = pieces.slice(1);
  const trie = buildTrie(
    real.map(({ text }) => text),
    real.map((_, i) => i + 1),
  );
  return { pieces, scores, unknownScore: least - 10, trie };
};

/** All pieces in a word, in the order of their starts and then of their lengths. Reused from word to word. */
export interface Lattice {
  size: number;
  count: number;
  starts: Int32Array;
  ends: Int32Array;
  ids: Int32Array;
}

export const emptyLattice = (): Lattice => ({
  size: 0,
  count: 0,
  starts: new Int32Array(256),
  ends: new Int32Array(256),
  ids: new Int32Array(256),
});

export const fillLattice = (lattice: Lattice, word: string, { trie }: UnigramRound): void => {
  lattice.size = word.length;
  lattice.count = 0;
  for (let start = 0; start < word.length; ) {
    const width = word.codePointAt(start)! > 0xffff ? 2 : 1;
    let single = false;
    let node = ROOT;
    for (let i = start; i < word.length; ) {
      node = step(trie, node, word.charCodeAt(i++));
      if (node === NONE) break;
      const id = valueAt(trie, node);
      if (id === NONE) continue;
      add(lattice, start, i, id);
      if (i - start === width) single = true;
    }
    if (!single) add(lattice, start, start + width, 0);
    start += width;
  }
};

const add = (lattice: Lattice, start: number, end: number, id: number): void => {
  const n = lattice.count++;
  if (n === lattice.ids.length) {
    for (const name of ["starts", "ends", "ids"] as const) {
      const larger = new Int32Array(n * 2);
      larger.set(lattice[name]);
      lattice[name] = larger;
    }
  }
  lattice.starts[n] = start;
  lattice.ends[n] = end;
  lattice.ids[n] = id;
};

const scoreOf = ({ scores, unknownScore }: UnigramRound, id: number) => (id === 0 ? unknownScore : scores[id]!);

/** log(exp(x) + exp(y)) */
const logAdd = (x: number, y: number): number => {
  const [low, high] = x > y ? [y, x] : [x, y];
  return high > low + 50 ? high : high + Math.log(Math.exp(low - high) + 1);
};

/** Adds to `expected` how often each piece occurs in the word, over all segmentations by their probability, times `count`. */
export const addExpectations = (lattice: Lattice, round: UnigramRound, count: number, expected: Float64Array): void => {
  const { size, starts, ends, ids } = lattice;
  const forward = new Float64Array(size + 1).fill(Number.NaN);
  const backward = new Float64Array(size + 1).fill(Number.NaN);
  forward[0] = 0;
  backward[size] = 0;
  for (let n = 0; n < lattice.count; n++) {
    const value = scoreOf(round, ids[n]!) + forward[starts[n]!]!;
    const end = ends[n]!;
    forward[end] = Number.isNaN(forward[end]!) ? value : logAdd(forward[end]!, value);
  }
  for (let n = lattice.count - 1; n >= 0; n--) {
    const value = scoreOf(round, ids[n]!) + backward[ends[n]!]!;
    const start = starts[n]!;
    backward[start] = Number.isNaN(backward[start]!) ? value : logAdd(backward[start]!, value);
  }
  const total = forward[size]!;
  for (let n = 0; n < lattice.count; n++) {
    const id = ids[n]!;
    expected[id]! += count * Math.exp(forward[starts[n]!]! + scoreOf(round, id) + backward[ends[n]!]! - total);
  }
};

/** The one or two most probable segmentations as piece ids, the best first. */
export const bestPaths = (lattice: Lattice, round: UnigramRound, wanted: 1 | 2): number[][] => {
  const { size, count } = lattice;
  const slots = wanted * (size + 1);
  const scores = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY);
  const node = new Int32Array(slots).fill(NONE);
  const behind = new Int32Array(slots).fill(NONE);
  scores[0] = 0;
  for (let n = 0; n < count; n++) {
    const start = wanted * lattice.starts[n]!;
    const end = wanted * lattice.ends[n]!;
    const score = scoreOf(round, lattice.ids[n]!);
    for (let k = 0; k < wanted; k++) {
      const value = scores[start + k]! + score;
      if (value === Number.NEGATIVE_INFINITY) break;
      let slot = end;
      if (!(value > scores[slot]!)) slot = wanted === 2 && value > scores[end + 1]! ? end + 1 : NONE;
      else if (wanted === 2) {
        scores[end + 1] = scores[end]!;
        node[end + 1] = node[end]!;
        behind[end + 1] = behind[end]!;
      }
      if (slot === NONE) continue;
      scores[slot] = value;
      node[slot] = n;
      behind[slot] = start + k;
    }
  }
  const paths: number[][] = [];
  for (let k = 0; k < wanted; k++) {
    let slot = wanted * size + k;
    if (node[slot] === NONE) break;
    const path: number[] = [];
    for (; node[slot] !== NONE; slot = behind[slot]!) path.push(lattice.ids[node[slot]!]!);
    paths.push(path.reverse());
  }
  return paths;
};
