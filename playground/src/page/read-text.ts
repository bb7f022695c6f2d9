import type { Problem, TextFacts } from "../protocol.ts";

/** As much of a file as a run of minutes can learn from: the rest is not read. */
const mostBytes = 8_000_000;

type Read = { text: string; facts: TextFacts } | { failure: Problem };

/** What stands for bytes that are not UTF-8, and for zeros. */
const strangeCharacters = (text: string): number => {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0 || code === 0xfffd) count++;
  }
  return count;
};

/** The beginning of a file as text, read as a stream: a file of any size costs `mostBytes`. */
export const readText = async (file: Blob & { name?: string }): Promise<Read> => {
  const name = file.name ?? "file";
  const decoder = new TextDecoder();
  let text = "";
  try {
    // The types of streams of a Blob lack the async iterator in some browsers; a reader is everywhere.
    const reader = file.slice(0, mostBytes).stream().getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += decoder.decode(part.value, { stream: true });
  } catch (error) {
    return {
      failure: { problem: `${name} could not be read: ${(error as Error).message}`, remedy: "choose it again" },
    };
  }
  if (text.startsWith("%PDF-"))
    return {
      failure: { problem: `${name} is a PDF, not plain text`, remedy: "copy its text, and paste it here" },
    };
  // Of the whole, too: an archive or a letter may begin as text.
  if ([text.slice(0, 100_000), text].some((part) => strangeCharacters(part) > part.length / 500))
    return {
      failure: {
        problem: `${name} is not text in UTF-8: it holds bytes that stand for no character`,
        remedy: "save it as plain text in UTF-8, and choose it again",
      },
    };
  const facts: TextFacts = { name, characters: text.length };
  return { text, facts: file.size > mostBytes ? { ...facts, wholeBytes: file.size } : facts };
};

/** A pasted text, cut to the same size. */
export const pastedText = (text: string): { text: string; facts: TextFacts } => {
  const kept = text.slice(0, mostBytes);
  const facts: TextFacts = { name: "pasted text", characters: kept.length };
  return { text: kept, facts: kept.length < text.length ? { ...facts, wholeBytes: text.length } : facts };
};
