import { basename } from "node:path";
import { fault } from "@cramkit/errors";
import { readText } from "@cramkit/files";
import { entitiesOf } from "@cramkit/metrics";
import type { Example } from "../examples/example.ts";

/**
 * Sentences of a CoNLL file: a word a line with its tag in the last column (BIO or BIOES), a blank line between sentences;
 * `-DOCSTART-` lines are left out. A text is its words with spaces between.
 */
export async function* readConll(path: string): AsyncGenerator<Example> {
  let words: string[] = [];
  let tags: string[] = [];
  let [line, first] = [0, 1];
  const sentence = (): Example => {
    const starts: number[] = [];
    let at = 0;
    for (const word of words) {
      starts.push(at);
      at += word.length + 1;
    }
    const label = entitiesOf(tags).map(({ type, start, end }) => ({
      start: starts[start]!,
      end: starts[end - 1]! + words[end - 1]!.length,
      label: type,
    }));
    const example = { text: words.join(" "), label, place: `${basename(path)}, line ${first}` };
    [words, tags] = [[], []];
    return example;
  };
  for (const written of (await readText(path)).split(/\r\n|\n|\r/)) {
    line++;
    const fields = written.trim().split(/\s+/);
    if (fields[0] === "" || fields[0] === "-DOCSTART-") {
      if (words.length > 0) yield sentence();
      continue;
    }
    const tag = fields.at(-1)!;
    if (fields.length < 2 || !/^(O|[BIES]-.+)$/.test(tag))
      throw fault({
        code: "invalid-input",
        place: `${path}, line ${line}`,
        problem: `expected a word and a tag (O, B-TYPE, I-TYPE), got ${JSON.stringify(written.slice(0, 80))}`,
        remedy: "correct the line, or name another format",
        type: RangeError,
      });
    if (words.length === 0) first = line;
    words.push(fields[0]!);
    tags.push(tag);
  }
  if (words.length > 0) yield sentence();
}
