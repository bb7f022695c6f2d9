import { passagesOf } from "@cramkit/corpus";
import { fault } from "@cramkit/errors";
import { packRows } from "@cramkit/packer";
import { crammingTokenizerOptions, type Tokenizer, type TrainProgress, trainTokenizer } from "@cramkit/tokenizer";
import { seqLength } from "./model-sizes.ts";

/** A text, ready to learn from: plain arrays, so that they can be stored. */
export interface Rows {
  tokenizer: Tokenizer;
  /** `[rows * seqLength]` */
  training: Uint16Array<ArrayBuffer>;
  /** `[rows * seqLength]`, of passages that are not in `training`. */
  heldOut: Uint16Array<ArrayBuffer>;
}

const passageCharacters = 600;
/** One passage of so many is held out. */
const heldOutEvery = 12;
const fewestCharacters = 4000;
/** Fewer different ones leave nothing to guess. */
const fewestTokens = 8;

/** Entries of the vocabulary for a text: more than it can fill would be learned from a few occurrences each. */
const vocabSizeFor = (characters: number): number => {
  if (characters < 500_000) return 1024;
  return characters < 3_000_000 ? 4096 : 8192;
};

/** Learns a tokenizer, holds out passages, and cuts the rest into rows. */
export const prepareText = async (text: string, onProgress: (progress: TrainProgress) => void): Promise<Rows> => {
  if (text.trim().length < fewestCharacters)
    throw fault({
      code: "invalid-input",
      place: "text",
      problem: `expected at least ${fewestCharacters.toLocaleString("en")} characters to learn from, got ${text.trim().length.toLocaleString("en")}`,
      remedy: "add more text, or take the sample",
    });
  const passages = [...passagesOf({ text }, passageCharacters)].map((passage) =>
    passage.text.replace(/\s+/g, " ").trim(),
  );
  const isHeldOut = (i: number) => i % heldOutEvery === heldOutEvery - 1;
  const kept = passages.filter((_, i) => !isHeldOut(i));
  const vocabSize = vocabSizeFor(text.length);
  const options = crammingTokenizerOptions({ vocabSize, specialTokens: "bert", text: "multilingual", lowercase: true });
  const tokenizer = await trainTokenizer(reporting(kept), { ...options, size: "trained", onProgress });
  const pack = (part: string[]) => packed(tokenizer, part);
  const [training, heldOut] = [await pack(kept), await pack(passages.filter((_, i) => isHeldOut(i)))];
  const different = new Set(training).size;
  if (different < fewestTokens)
    throw fault({
      code: "invalid-input",
      place: "text",
      problem: `expected a text of many words, got ${different} different tokens over and over`,
      remedy: "choose another text, or take the sample",
    });
  return { tokenizer, training, heldOut };
};

/** Lets messages of the page have their turn while documents are read. */
async function* reporting(documents: string[]): AsyncGenerator<string> {
  for (const [i, document] of documents.entries()) {
    if (i % 256 === 255) await new Promise((resolve) => setTimeout(resolve));
    yield document;
  }
}

const packed = async (tokenizer: Tokenizer, documents: string[]): Promise<Uint16Array<ArrayBuffer>> => {
  const blocks: Uint16Array[] = [];
  const encoded = (function* () {
    for (const document of documents) yield tokenizer.encodeIds(document);
  })();
  for await (const { tokens } of packRows(encoded, { seqLength, vocabSize: tokenizer.idLimit }))
    blocks.push(tokens as Uint16Array);
  const joined = new Uint16Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of blocks) {
    joined.set(block, at);
    at += block.length;
  }
  if (joined.length > 0) return joined;
  throw fault({
    code: "invalid-input",
    place: "text",
    problem: "expected enough text for a row to train on and a row to test with, got less",
    remedy: "add more text, or take the sample",
  });
};
