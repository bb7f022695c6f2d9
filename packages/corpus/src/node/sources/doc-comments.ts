import { markdownProse } from "./markdown-prose.ts";

/** Tags whose text describes something; what stands after any other tag (examples, types, links) is left out. */
const prose = new Set(["param", "returns", "return", "throws", "remarks", "deprecated", "description", "typeParam"]);

/**
 * The English of the documentation comments of a TypeScript declaration file, as texts of between `minCharacters` and
 * about `maxCharacters`: the comments of one top-level declaration stay together, small neighbours are joined. Blocks
 * for which `keep` is false are left out (a caller removes repetitions there).
 */
export const docCommentTexts = (
  declarations: string,
  keep: (block: string) => boolean,
  { minCharacters = 500, maxCharacters = 8000 } = {},
): string[] => {
  const texts: string[] = [];
  let blocks: string[] = [];
  let characters = 0;
  const flush = () => {
    if (characters > 0) texts.push(blocks.join("\n"));
    blocks = [];
    characters = 0;
  };
  const commented = declarations.slice(0, declarations.lastIndexOf("*/") + 2); // what opens after it does not close
  for (const [match, comment] of commented.matchAll(/\/\*\*([\s\S]*?)\*\/|^\}/gm)) {
    if (match === "}") {
      if (characters >= minCharacters) flush();
      continue;
    }
    for (const block of commentProse(comment ?? "")) {
      if (!keep(block)) continue;
      blocks.push(block);
      characters += block.length + 1;
    }
    if (characters >= maxCharacters) flush();
  }
  flush();
  return texts;
};

/** The blocks of one comment: its description and the descriptions of its tags, Markdown removed. */
const commentProse = (comment: string): string[] => {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, ""));
  const parts: string[][] = [[]];
  let part = parts[0] as string[];
  let fenced = false;
  for (const line of lines) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    const [, tag, text] = (fenced ? null : /^@(\w+)\s*(.*)$/.exec(line)) ?? [];
    if (tag === undefined || text === undefined) {
      part.push(line);
      continue;
    }
    part = []; // the lines after a tag without prose are collected, and forgotten
    if (!prose.has(tag)) continue;
    part.push(tagText(tag, text));
    parts.push(part);
  }
  return parts.flatMap((lines) => markdownProse(lines.join("\n").replace(/\{@\w+\s([^{}]*)\}/g, linkText)));
};

/** `target`, `target label` and `target | label`: the label if there is one. */
const linkText = (_: string, link: string) => {
  const trimmed = link.trim();
  const space = trimmed.search(/[\s|]/);
  return space < 0 ? trimmed : trimmed.slice(space).replace(/^[\s|]+/, "") || trimmed.slice(0, space);
};

/** `@param {string} name - what it is` -> `what it is`. */
const tagText = (tag: string, text: string): string => {
  const untyped = text.replace(/^\{[^}]*\}\s*/, "");
  return tag === "param" || tag === "typeParam" ? untyped.replace(/^[[\]\w.$=]+\s*(?:-\s*)?/, "") : untyped;
};
