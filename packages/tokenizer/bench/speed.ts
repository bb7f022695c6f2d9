import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { crammingTokenizerOptions, tokenizerFromJson, trainTokenizer } from "@cramkit/tokenizer";
import { Tokenizer as Rust } from "tokenizers";

const S = "/work/shared/data/";
const f = S + "tokenizers/bert-base-uncased/tokenizer.json";
const ours = tokenizerFromJson(readFileSync(f, "utf8"));
const rust = Rust.fromFile(f);
const docs = gunzipSync(readFileSync(S + "text/gutenberg/books-01-of-6.jsonl.gz"))
  .toString()
  .trim()
  .split("\n")
  .slice(0, 6)
  .map((l) => JSON.parse(l).text)
  .flatMap((t) => t.match(/[^]{1,20000}/g));
const mb = docs.reduce((s: number, d: string) => s + d.length, 0) / 1e6;
console.log(docs.length, mb, "MB");
for (let k = 0; k < 3; k++) {
  let t = performance.now(),
    n = 0;
  let c = process.cpuUsage();
  for (const d of docs) n += ours.encodeIds(d).length;
  let ms = performance.now() - t;
  let cc = process.cpuUsage(c);
  console.log(
    "encodeIds",
    ((mb / ms) * 1e3).toFixed(1),
    "MB/s",
    n,
    "cpu MB/s",
    ((mb / (cc.user + cc.system)) * 1e6).toFixed(1),
  );
  t = performance.now();
  n = 0;
  c = process.cpuUsage();
  for (const d of docs) n += ours.encode(d).ids.length;
  ms = performance.now() - t;
  cc = process.cpuUsage(c);
  console.log(
    "encode",
    ((mb / ms) * 1e3).toFixed(1),
    "MB/s",
    n,
    "cpu MB/s",
    ((mb / (cc.user + cc.system)) * 1e6).toFixed(1),
  );
  t = performance.now();
  n = 0;
  c = process.cpuUsage();
  for (const d of docs.slice(0, docs.length / 4)) n += (await rust.encode(d)).getIds().length;
  ms = performance.now() - t;
  cc = process.cpuUsage(c);
  console.log(
    "rust",
    ((mb / 4 / ms) * 1e3).toFixed(1),
    "MB/s",
    n * 4,
    "cpu MB/s",
    ((mb / 4 / (cc.user + cc.system)) * 1e6).toFixed(1),
  );
}
