import { growInt32 } from "./growable.ts";
import { mergeQueue } from "./merge-queue.ts";
import { pairTable } from "./pair-table.ts";

/** Words as symbol ids: word `w` is `symbols[offsets[w] .. offsets[w + 1]]` and occurs `counts[w]` times. */
export interface SymbolWords {
  symbols: Int32Array;
  offsets: Int32Array;
  counts: Float64Array;
}

export interface MergeOptions {
  /** The tokens that there are; merges append theirs. */
  tokens: string[];
  vocabSize: number;
  minFrequency: number;
  /** Stripped from the right part of a merge, as `##` of WordPiece. */
  continuingSubwordPrefix: string;
  /** Longest token in characters. */
  maxTokenLength: number;
  /**
   * Called after each merge; a promise is awaited.
   *
   * @defaultValue not reported
   */
  onMerge?: (tokens: number) => void | Promise<void>;
}

/**
 * Byte-pair encoding over counted words: merges the most frequent pair, of equal ones that with the smaller ids, until there
 * are `vocabSize` tokens or no pair is left. Consumes `words`. Returns the merges as pairs of ids, in order.
 *
 * Counts are kept up to date with every merge and the queue is corrected lazily: an entry whose count is no longer true goes
 * back with the true one. An entry owns the words in which it was seen, and a pair that forms anew gets a second entry with
 * the new words only: this is the bookkeeping of Hugging Face `tokenizers`, kept because it decides ties.
 */
export const learnMerges = async (words: SymbolWords, options: MergeOptions): Promise<[number, number][]> => {
  const { tokens, vocabSize, minFrequency, continuingSubwordPrefix, maxTokenLength } = options;
  const { symbols, offsets, counts } = words;
  const wordCount = counts.length;
  const lengths = new Int32Array(wordCount);
  for (let w = 0; w < wordCount; w++) lengths[w] = offsets[w + 1]! - offsets[w]!;
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const tokenLengths = tokens.map(() => 1);
  const pairs = pairTable();
  const queue = mergeQueue(pairs);

  // Lists of words: cell i holds a word and the next cell; `lastWord` spares a pair the same word twice in a row.
  // The cells of a pair that was merged are used again.
  const enoughCells = Math.max(1, symbols.length);
  const cells = { word: growInt32(enoughCells), next: growInt32(enoughCells), size: 0, free: -1 };
  const touched: number[] = [];
  const note = (pair: number, w: number) => {
    if (pairs.head[pair] === -1) {
      touched.push(pair);
    } else if (cells.word.data[pairs.head[pair]!] === w) return;
    let cell = cells.free;
    if (cell === -1) cell = cells.size++;
    else cells.free = cells.next.data[cell]!;
    cells.word.set(cell, w);
    cells.next.set(cell, pairs.head[pair]!);
    pairs.head[pair] = cell;
  };
  const flush = () => {
    for (const pair of touched) {
      if (pairs.count[pair]! > 0) queue.push(pair, pairs.count[pair]!, pairs.head[pair]!);
      pairs.head[pair] = -1;
    }
    touched.length = 0;
  };

  for (let w = 0; w < wordCount; w++) {
    const end = offsets[w]! + lengths[w]!;
    for (let i = offsets[w]! + 1; i < end; i++) {
      const pair = pairs.find(symbols[i - 1]!, symbols[i]!);
      pairs.count[pair]! += counts[w]!;
      note(pair, w);
    }
  }
  flush();

  const merges: [number, number][] = [];
  while (ids.size < vocabSize) {
    const top = queue.pop();
    if (!top) break;
    const truth = pairs.count[top.pair]!;
    if (top.count !== truth) {
      queue.push(top.pair, truth, top.head);
      continue;
    }
    if (top.count < 1 || top.count < minFrequency) break;
    const left = pairs.left[top.pair]!;
    const right = pairs.right[top.pair]!;
    let suffix = tokens[right]!;
    if (continuingSubwordPrefix !== "" && suffix.startsWith(continuingSubwordPrefix)) {
      suffix = suffix.slice(continuingSubwordPrefix.length);
    }
    const token = tokens[left]! + suffix;
    let id = ids.get(token);
    if (id === undefined) {
      id = tokens.length;
      ids.set(token, id);
      tokens.push(token);
      tokenLengths.push(tokenLengths[left]! + tokenLengths[right]!);
    }
    merges.push([left, right]);
    const length = tokenLengths[left]! + tokenLengths[right]!;

    let lastCell = top.head;
    for (let cell = top.head; cell !== -1; cell = cells.next.data[cell]!) {
      lastCell = cell;
      const w = cells.word.data[cell]!;
      const count = counts[w]!;
      const begin = offsets[w]!;
      const end = begin + lengths[w]!;
      let out = begin;
      for (let i = begin; i < end; i++) {
        const symbol = symbols[i]!;
        if (symbol !== left || i + 1 >= end || symbols[i + 1] !== right) {
          symbols[out++] = symbol;
          continue;
        }
        if (out > begin) {
          const before = symbols[out - 1]!;
          pairs.count[pairs.find(before, left)]! -= count;
          if (tokenLengths[before]! + length < maxTokenLength) {
            const pair = pairs.find(before, id);
            pairs.count[pair]! += count;
            note(pair, w);
          }
        }
        i++;
        symbols[out++] = id;
        if (i + 1 < end) {
          const after = symbols[i + 1]!;
          pairs.count[pairs.find(right, after)]! -= count;
          if (tokenLengths[after]! + length < maxTokenLength) {
            const pair = pairs.find(id, after);
            pairs.count[pair]! += count;
            note(pair, w);
          }
        }
      }
      lengths[w] = out - begin;
    }
    cells.next.set(lastCell, cells.free);
    cells.free = top.head;
    flush();
    const pause = options.onMerge?.(ids.size);
    if (pause) await pause;
  }
  return merges;
};
