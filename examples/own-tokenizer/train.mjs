// node train.mjs [FILE...]: trains three tokenizers on text, compares them on lines that they have not seen, and writes the
// one that needs the fewest tokens, of those that lose no character, as tokenizer.json.
import { readFile, writeFile } from "node:fs/promises";
import { coverageCounter, crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";

const files = process.argv.length > 2 ? process.argv.slice(2) : ["text/german.txt"];
const vocabSize = Number(process.env.VOCAB_SIZE ?? 600); // 16,000 to 32,000 for real amounts of text
const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
const lines = texts.join("\n").split("\n").filter(Boolean);
const [seen, unseen] = [lines.filter((_, i) => i % 5 !== 0), lines.filter((_, i) => i % 5 === 0)];
const words = unseen.join(" ").match(/[\p{L}\p{N}]+/gu).length;

const results = [];
for (const algorithm of ["WordPiece", "BPE", "Unigram"]) {
  // "multilingual" keeps case, accents and every script; "english" would drop umlauts.
  const options = crammingTokenizerOptions({ algorithm, vocabSize, text: "multilingual" });
  const tokenizer = await trainTokenizer(seen, { ...options, size: "trained" });
  const coverage = coverageCounter(tokenizer);
  let [tokens, characters, lost] = [0, 0, 0];
  for (const line of unseen) {
    const { ids } = tokenizer.encode(line, { addSpecialTokens: false });
    const { characters: all, deleted, unknown } = coverage(line);
    tokens += ids.length;
    characters += all;
    lost += deleted + unknown;
  }
  results.push({ algorithm, tokenizer, tokensAWord: tokens / words, lost: lost / characters });
  const cut = tokenizer.encode(unseen[0], { addSpecialTokens: false }).tokens.join(" ");
  console.log(
    `${algorithm}: ${(tokens / words).toFixed(2)} tokens a word, ${((100 * lost) / characters).toFixed(2)} % of the characters lost`,
  );
  console.log(`  ${cut}`);
}
const least = Math.min(...results.map(({ lost }) => lost));
const [best] = results.filter(({ lost }) => lost === least).sort((a, b) => a.tokensAWord - b.tokensAWord);
await writeFile("tokenizer.json", JSON.stringify(best.tokenizer));
console.log(`tokenizer.json: ${best.algorithm}, ${best.tokenizer.vocabSize} entries`);
