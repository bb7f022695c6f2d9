import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { installedDocumentation } from "@cramkit/corpus/node";
import { root } from "../measure/places.ts";
import type { SuiteOptions } from "../measure/suite.ts";

export interface Sample {
  /** Where it comes from, for the table. */
  name: string;
  texts: string[];
  bytes: number;
}

/** English for the suites without tensors: a file of the caller's, or the documentation of the installed packages. */
export const sampleText = async ({ text, quick }: SuiteOptions, megabytes: number): Promise<Sample> => {
  const limit = (quick ? 0.25 : megabytes) * 1e6;
  const texts: string[] = [];
  let bytes = 0;
  const take = (document: string): boolean => {
    texts.push(document);
    bytes += Buffer.byteLength(document);
    return bytes < limit;
  };
  if (text !== undefined) {
    for (const line of (await readFile(text, "utf8")).split("\n")) if (line.trim() !== "" && !take(line)) break;
  } else {
    for await (const document of installedDocumentation({ root: join(root, "..") })) if (!take(document.text)) break;
  }
  if (bytes === 0)
    throw new Error(`expected text in ${text ?? "the installed packages"}, got none; name a file with --text`);
  const origin = text === undefined ? "installed documentation" : "text of --text";
  return { name: `${(bytes / 1e6).toFixed(1)} MB of ${origin}`, texts, bytes };
};
