// Makes a retrieval set of articles: the first sentence of each, and a passage of it that comes after its first paragraph.
// Reads JSON-lines with `text` from standard input, and writes CSV with the columns `sentence` and `passage`:
//   zstdcat articles.jsonl.zst | node scripts/retrieval-set.mjs --skip 300 --take 1000 > pairs.csv
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { skip: { type: "string", default: "0" }, take: { type: "string", default: "1000" } },
});
const [skip, take] = [Number(values.skip), Number(values.take)];
const [fewest, most] = [12, 40];

/** The first sentence, and the beginning of the first later paragraph that is long enough; undefined if there is none. */
const pairOf = (text) => {
  const [first, ...later] = text.split("\n");
  const sentence = /^.{40,300}?[.!?](?=\s|$)/.exec(first)?.[0];
  const passage = later.find((paragraph) => paragraph.split(/\s+/).length >= fewest);
  return sentence && passage ? [sentence, passage.split(/\s+/).slice(0, most).join(" ")] : undefined;
};

const cell = (text) => `"${text.replaceAll('"', '""')}"`;

let [seen, written] = [0, 0];
const lines = ["sentence,passage"];
for await (const line of createInterface({ input: process.stdin })) {
  if (written === take) break;
  const pair = pairOf(JSON.parse(line).text);
  if (!pair || seen++ < skip) continue;
  lines.push(pair.map(cell).join(","));
  written++;
}
process.stdout.write(`${lines.join("\n")}\n`);
process.exit(0);
