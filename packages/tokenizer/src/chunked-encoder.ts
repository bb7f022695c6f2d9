import { characterLoss } from "./character-loss.ts";
import { type ChunkSequence, type NumberedChunks, writtenElements, writtenOut } from "./chunks/chunk-dictionary.ts";
import { isSameRule } from "./chunks/chunk-rule.ts";
import { type TokenList, tokenList } from "./components.ts";
import { pieceTokenizer } from "./pipeline.ts";
import { alignedText } from "./text/aligned-text.ts";
import { fillTemplate, type Tokenizer, templateFor } from "./tokenizer.ts";
import { readParts } from "./tokenizer-json.ts";

/** What a tokenizer makes of a text: how many tokens, and what it loses, as `TextCoverage` has it. */
export interface TokenMeasure {
  /** With those of the template. */
  readonly tokens: number;
  readonly deleted: number;
  readonly unknown: number;
}

/**
 * Encodes texts that are there as the numbers of their chunks. Each chunk is tokenized when it first comes, and looked up after
 * that. Special tokens that are written in a text are ordinary text.
 */
export interface ChunkedEncoder {
  measure(sequence: ChunkSequence): TokenMeasure;
  /** The ids that `encodeIds` gives of the text, neither shortened nor filled up. */
  encode(sequence: ChunkSequence): TokenMeasure & { readonly ids: Uint32Array };
}

// What is remembered of a chunk, in one number: that it is known, and how many tokens and lost units it has.
const tokenBits = 12;
const lossBits = 7; // a chunk has up to 64 units
const known = 1 << (tokenBits + 2 * lossBits);
const mostTokens = (1 << tokenBits) - 1;
const mostLost = (1 << lossBits) - 1;

/** Undefined if the tokenizer does not cut texts into these chunks, or finds added tokens in a text as it is. */
export const chunkedEncoder = (tokenizer: Tokenizer, chunks: NumberedChunks): ChunkedEncoder | undefined => {
  const { model, splittingPipeline, postProcessor } = readParts(tokenizer.toJSON());
  const pipeline = splittingPipeline();
  if (pipeline.finder || !pipeline.rule || !isSameRule(pipeline.rule, chunks.rule)) return undefined;
  const tokenize = pieceTokenizer(pipeline, model);
  const template = templateFor(postProcessor, 1, true);
  const added = fillTemplate(template, new Uint32Array(0)).length;
  const loss = characterLoss(tokenizer);
  /** Two elements a chunk: what is remembered, and where its ids are. */
  let entries = new Int32Array(1 << 12);
  let memory = new Uint32Array(1 << 12);
  let filled = 0;
  let ids = new Uint32Array(1 << 12);

  const lostIn = (text: string, base: number, { ids: found, starts, ends }: TokenList) => {
    let [deleted, unknown] = [0, 0];
    for (const character of text) if (loss.isDeleted(character)) deleted += character.length;
    if (loss.unknown !== undefined && found.includes(loss.unknown))
      found.forEach((id, i) => {
        if (id === loss.unknown) unknown += loss.countVisible(text.slice(starts[i]! - base, ends[i]! - base));
      });
    return { deleted, unknown };
  };

  /** What is remembered of a chunk; 0 if that is more than can be. */
  const learn = (number: number): number => {
    const text = chunks.chunk(number);
    const list = tokenList();
    tokenize(alignedText(text, 1), list); // after the beginning of the text, as every chunk with a number
    const { deleted, unknown } = lostIn(text, 1, list);
    const count = list.ids.length;
    if (count > mostTokens || deleted > mostLost || unknown > mostLost) return 0;
    if (filled + count > memory.length) memory = grown(memory, new Uint32Array(2 * memory.length + count));
    memory.set(list.ids, filled);
    while (2 * number >= entries.length) entries = grown(entries, new Int32Array(2 * entries.length));
    const entry = known | count | (deleted << tokenBits) | (unknown << (tokenBits + lossBits));
    entries[2 * number] = entry;
    entries[2 * number + 1] = filled;
    filled += count;
    return entry;
  };

  /** Goes through a text; if they are wanted, `ids` holds its tokens then. */
  const run = (sequence: ChunkSequence, isWanted: boolean): TokenMeasure => {
    let [tokens, deleted, unknown] = [0, 0, 0];
    for (let at = 0; at < sequence.length; ) {
      const number = sequence[at]!;
      const entry = number < 0 ? 0 : (2 * number < entries.length && entries[2 * number]!) || learn(number);
      if (entry !== 0) {
        const count = entry & mostTokens;
        if (entry >= known + (1 << tokenBits)) {
          deleted += (entry >>> tokenBits) & mostLost;
          unknown += (entry >>> (tokenBits + lossBits)) & mostLost;
        }
        if (isWanted) {
          if (tokens + count > ids.length) ids = grown(ids, new Uint32Array(2 * ids.length + count));
          const first = entries[2 * number + 1]!;
          for (let i = 0; i < count; i++) ids[tokens + i] = memory[first + i]!;
        }
        tokens += count;
        at++;
        continue;
      }
      const text = number < 0 ? writtenOut(sequence, at) : chunks.chunk(number);
      const base = at === 0 && number < 0 ? 0 : 1; // the first chunk may depend on its place
      const list = tokenList();
      tokenize(alignedText(text, base), list);
      const lost = lostIn(text, base, list);
      deleted += lost.deleted;
      unknown += lost.unknown;
      const count = list.ids.length;
      if (isWanted) {
        if (tokens + count > ids.length) ids = grown(ids, new Uint32Array(2 * ids.length + count));
        ids.set(list.ids, tokens);
      }
      tokens += count;
      at += number < 0 ? writtenElements(sequence, at) : 1;
    }
    return { tokens, deleted, unknown };
  };

  return {
    measure(sequence) {
      const { tokens, deleted, unknown } = run(sequence, false);
      return { tokens: tokens + added, deleted, unknown };
    },
    encode(sequence) {
      const { tokens, deleted, unknown } = run(sequence, true);
      return { tokens: tokens + added, deleted, unknown, ids: fillTemplate(template, ids.subarray(0, tokens)) };
    },
  };
};

const grown = <T extends Int32Array | Uint32Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};
