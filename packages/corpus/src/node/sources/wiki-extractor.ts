import type { BadReason } from "../../read-report.ts";
import { CorpusInputError } from "./bad-input.ts";
import { invalidUtf8 } from "./encoding.ts";
import { type FileRecord, type RecordOptions, recordDocument } from "./format.ts";
import { parseRecord } from "./jsonl.ts";
import { decodeUtf8, lineBatches, maxRecordBytes } from "./lines.ts";
import { textBytes } from "./text-bytes.ts";

/**
 * Reads a dump of WikiExtractor, in either of its forms: `<doc id="..." url="..." title="...">`, the title, the text and
 * `</doc>` (escaped signs are restored), or with `--json` one object a line. The title is not part of the text.
 */
export async function* readWikiExtractor(path: string, options: RecordOptions): AsyncGenerator<FileRecord> {
  let number = 0;
  let article: Article | undefined;
  for await (const lines of lineBatches(textBytes(path, options))) {
    for (const bytes of lines) {
      number++;
      if (bytes?.length === 0 && !article) continue;
      if (!article && bytes?.[0] === 123) {
        yield parseRecord(bytes, `line ${number}`, options);
        continue;
      }
      const line = bytes && decodeUtf8(bytes);
      if (line?.startsWith("<doc ")) {
        if (article) yield { kind: "bad", place: article.place, reason: "an article without </doc>" };
        article = { place: `line ${number}`, fields: attributes(line), lines: [], bytes: 0 };
      } else if (!article) {
        yield { kind: "bad", place: `line ${number}`, reason: 'expected <doc id="..."> or an object' };
      } else if (line === "</doc>") {
        yield finished(article, options);
        article = undefined;
      } else if (line === undefined || bytes === undefined) article.bad ??= bytes ? invalidUtf8(bytes) : tooLong;
      else if ((article.bytes += bytes.length + 1) > maxRecordBytes) {
        article.bad ??= tooLong;
        article.lines = [];
      } else article.lines.push(line);
    }
  }
  if (article) {
    throw new CorpusInputError("the dump ends inside an article", {
      file: path,
      remedy: "fetch the file again",
      at: article.place,
    });
  }
}

interface Article {
  place: string;
  fields: Record<string, string>;
  lines: string[];
  bytes: number;
  /** Why it cannot be read. */
  bad?: BadReason;
}

const tooLong: BadReason = { reason: `an article of more than ${maxRecordBytes} bytes` };

const finished = ({ place, fields, lines, bad }: Article, options: RecordOptions): FileRecord => {
  if (bad !== undefined) return { kind: "bad", place, ...bad };
  const body = unescaped(lines[0] ?? "") === fields.title ? lines.slice(1) : lines;
  return recordDocument({ ...fields, [options.field]: unescaped(body.join("\n")).trim() }, place, options);
};

const attributes = (tag: string): Record<string, string> =>
  Object.fromEntries(
    [...tag.matchAll(/(?<!\w)(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, unescaped(value ?? "")]),
  );

const signs: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

const unescaped = (text: string): string => text.replace(/&(?:lt|gt|quot|#39|amp);/g, (sign) => signs[sign] as string);
