import { characterLoss } from "./character-loss.ts";
import type { NumberedChunks } from "./chunks/chunk-dictionary.ts";
import { isSameRule } from "./chunks/chunk-rule.ts";
import { type ChunkSequence, writtenElements, writtenOut } from "./chunks/chunk-sequence.ts";
import { plainPieces } from "./chunks/plain-chunks.ts";
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

// What is remembered of a chunk, in one element: the id of its only token if nothing is lost, as of most chunks; or else the
// complement of how many tokens it has and where they are; or of the place of its details, if something is lost or that has no
// room. Chunks are numbered as they come, so that of common ones lies together.
const notYet = -0x8000_0000;
const countBits = 4;
const countMask = (1 << countBits) - 1;
/** In place of a count. */
const hasDetails = countMask;
const mostPlaces = 2 ** (31 - countBits) - 1;
/** Where the ids are, how many, and the units that are deleted and unknown. */
const detailElements = 4;

/** Undefined if the tokenizer does not cut texts into these chunks, or finds added tokens in a text as it is. */
export const chunkedEncoder = (tokenizer: Tokenizer, chunks: NumberedChunks): ChunkedEncoder | undefined => {
  const { model, splittingPipeline, postProcessor } = readParts(tokenizer.toJSON());
  const pipeline = splittingPipeline();
  if (pipeline.finder || !pipeline.rule || !isSameRule(pipeline.rule, chunks.rule)) return undefined;
  const tokenize = pieceTokenizer(pipeline, model);
  const template = templateFor(postProcessor, 1, true);
  const added = fillTemplate(template, new Uint32Array(0)).length;
  const loss = characterLoss(tokenizer);
  const plain = pipeline.plain && plainPieces(pipeline.plain);
  let entries = new Int32Array(1 << 12).fill(notYet);
  let details = new Int32Array(1 << 12);
  let detailed = 0;
  let memory = new Uint32Array(1 << 12);
  let remembered = 0;
  let ids = new Uint32Array(1 << 12);
  const list = tokenList();

  const deletedIn = (text: string): number => {
    let deleted = 0;
    for (const character of text) if (loss.isDeleted(character)) deleted += character.length;
    return deleted;
  };

  const lostIn = (text: string, base: number, { ids: found, starts, ends }: TokenList) => {
    const deleted = deletedIn(text);
    let unknown = 0;
    if (loss.unknown !== undefined && found.includes(loss.unknown))
      found.forEach((id, i) => {
        if (id === loss.unknown) unknown += loss.countVisible(text.slice(starts[i]! - base, ends[i]! - base));
      });
    return { deleted, unknown };
  };

  const remember = (count: number, deleted: number, unknown: number): number => {
    const isWhole = deleted === 0 && unknown === 0;
    if (count === 1 && isWhole) return list.ids[0]!;
    if (remembered + count > memory.length) memory = grown(memory, new Uint32Array(2 * memory.length + count));
    for (let i = 0; i < count; i++) memory[remembered + i] = list.ids[i]!;
    const first = remembered;
    remembered += count;
    if (isWhole && count < hasDetails && first < mostPlaces) return ~((first << countBits) | count);
    if (detailed * detailElements === details.length) details = grown(details, new Int32Array(2 * details.length));
    details.set([first, count, deleted, unknown], detailed * detailElements);
    return ~((detailed++ << countBits) | hasDetails);
  };

  const learn = (number: number): number => {
    const length = plain && model.tokenizeCodes ? plain.read(chunks, number) : -1;
    clearList(list);
    if (length > 0) {
      model.tokenizeCodes!(plain!.codes, length, list.ids);
      if (isKnown()) return remember(list.ids.length, 0, 0);
    } else {
      const found = plain?.piece(chunks, number);
      if (found) {
        if (found.piece !== "") model.tokenize(found.piece, list);
        if (isKnown()) return remember(list.ids.length, found.chunk ? deletedIn(found.chunk) : 0, 0);
      }
    }
    const text = chunks.chunk(number);
    clearList(list);
    tokenize(alignedText(text, 1), list); // after the beginning of the text, as every chunk with a number
    const { deleted, unknown } = lostIn(text, 1, list);
    return remember(list.ids.length, deleted, unknown);
  };

  const isKnown = (): boolean => loss.unknown === undefined || !list.ids.includes(loss.unknown);

  const makeRoom = (count: number) => {
    if (count > ids.length) ids = grown(ids, new Uint32Array(Math.max(2 * ids.length, count)));
  };

  /** Goes through a text; if they are wanted, `ids` holds its tokens then. */
  const run = (sequence: ChunkSequence, isWanted: boolean): TokenMeasure => {
    if (chunks.size > entries.length) {
      const known = entries;
      entries = new Int32Array(Math.max(2 * known.length, chunks.size)).fill(notYet, known.length);
      entries.set(known);
    }
    if (isWanted) makeRoom(sequence.length);
    let [tokens, deleted, unknown] = [0, 0, 0];
    const known = entries;
    for (let at = 0; at < sequence.length; at++) {
      const number = sequence[at]!;
      if (number >= 0) {
        let entry = known[number]!;
        if (entry === notYet) entry = known[number] = learn(number);
        if (entry >= 0) {
          if (isWanted) ids[tokens] = entry;
          tokens++;
          continue;
        }
        let count = ~entry & countMask;
        let first = ~entry >> countBits;
        if (count === hasDetails) {
          const detail = first * detailElements;
          first = details[detail]!;
          count = details[detail + 1]!;
          deleted += details[detail + 2]!;
          unknown += details[detail + 3]!;
        }
        if (isWanted) {
          makeRoom(tokens + count + sequence.length - at);
          for (let i = 0; i < count; i++) ids[tokens + i] = memory[first + i]!;
        }
        tokens += count;
        continue;
      }
      const text = writtenOut(sequence, at);
      const base = at === 0 ? 0 : 1; // the first chunk may depend on its place
      clearList(list);
      tokenize(alignedText(text, base), list);
      const lost = lostIn(text, base, list);
      deleted += lost.deleted;
      unknown += lost.unknown;
      const count = list.ids.length;
      if (isWanted) {
        makeRoom(tokens + count + sequence.length - at);
        ids.set(list.ids, tokens);
      }
      tokens += count;
      at += writtenElements(sequence, at) - 1;
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

const clearList = (list: TokenList): void => {
  list.ids.length = list.starts.length = list.ends.length = 0;
  list.surfaces = undefined;
};

const grown = <T extends Int32Array | Uint32Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};
