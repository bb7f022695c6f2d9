import { Lexer, type Token, type Tokens } from "marked";

/**
 * The English sentences of a Markdown text, a block (paragraph, list item, table cell, heading) each, in order. Code
 * blocks, badges, images, HTML tags, link targets, addresses and reference marks are gone; blocks that are not prose
 * after that (signatures, lists of names) are left out.
 */
export const markdownProse = (markdown: string): string[] => {
  const blocks: string[] = [];
  collect(Lexer.lex(markdown, { gfm: true }), blocks);
  return blocks
    .filter(({ length }) => length <= maxBlockCharacters)
    .map(plain)
    .filter(isProse);
};

/** A longer block is not a paragraph, and would take long to look through. */
const maxBlockCharacters = 50_000;

const collect = (tokens: Token[], blocks: string[]): void => {
  for (const token of tokens) {
    switch (token.type) {
      case "heading":
      case "paragraph":
        blocks.push(inline(token.tokens ?? []));
        break;
      case "text":
        blocks.push(token.tokens ? inline(token.tokens) : token.text);
        break;
      case "blockquote":
        collect(token.tokens ?? [], blocks);
        break;
      case "list":
        for (const item of (token as Tokens.List).items) collect(item.tokens, blocks);
        break;
      case "table":
        for (const row of (token as Tokens.Table).rows) for (const cell of row) blocks.push(inline(cell.tokens));
        break;
      case "html":
        blocks.push(...htmlText(token.text).split(/\n\s*\n/));
        break;
    }
  }
};

const inline = (tokens: Token[]): string => {
  let text = "";
  for (const token of tokens) {
    switch (token.type) {
      case "image":
        break;
      case "br":
        text += " ";
        break;
      case "html":
        text += /^<br/i.test(token.raw) ? " " : "";
        break;
      case "codespan":
      case "escape":
        text += token.text;
        break;
      default:
        text += "tokens" in token && token.tokens ? inline(token.tokens) : "text" in token ? token.text : "";
    }
  }
  return text;
};

/** The text of a block of HTML: scripts, styles, preformatted code, comments and tags removed. */
const htmlText = (html: string): string => {
  let text = without(html, "<!--", "-->", " ");
  for (const tag of ["script", "style", "pre", "svg"]) text = without(text, `<${tag}`, `</${tag}>`, " ");
  return without(text, "<", ">", "");
};

/** A text without what stands between signs, in either case: in time that grows with its length whatever is in it. */
const without = (text: string, open: string, close: string, instead: string): string => {
  const lower = text.toLowerCase();
  if (lower.length !== text.length) return text; // a letter whose small one is longer: no place would be right
  let [result, done] = ["", 0];
  for (let at = lower.indexOf(open); at >= 0; at = lower.indexOf(open, Math.max(done, at + 1))) {
    if (open.length > 1 && /\w/.test(lower[at + open.length] ?? "")) continue; // the beginning of another tag
    const end = lower.indexOf(close, at + open.length);
    if (end < 0) break;
    result += text.slice(done, at) + instead;
    done = end + close.length;
  }
  return result + text.slice(done);
};

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", copy: "(c)" };

/** One line of plain text: what stands for something that is not language (addresses, commits, emoji) is removed. */
const plain = (text: string): string =>
  text
    .replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Math.min(Number(code), 0x10ffff)))
    .replace(/^\s*\[![A-Z]+\]/, "") // > [!NOTE]
    .replace(/\bhttps?:\/\/[^\s)>\]]+/g, "")
    .replace(/(?:^|\s):[a-z0-9_+-]+:(?=\s|$)/g, " ") // :tada:
    .replace(/\p{Emoji_Presentation}|\p{So}|\ufe0f|\u200d/gu, "")
    .replace(/Thanks @[\w-]+!\s*(?:-\s*)?/g, "") // of changelogs made by changesets
    .replace(/(?:^|\s)\[?[0-9a-f]{7,40}\]?:\s/g, " ")
    .replace(/\(?\[?#\d+\]?\)?/g, "")
    .replace(/\[\^?\w*\]/g, "")
    .replace(/(^|\s)\(\s*\)/g, "$1")
    .replace(/\s+/g, " ")
    .replace(/ ([.,;:!?])(?=\s|$)/g, "$1")
    .trim();

/** True for what reads as a sentence or a good part of one: at least four words, few signs, hardly any other script. */
const isProse = (text: string): boolean => {
  const words = text.match(/(?<![^\s("'])[A-Za-z][a-z'-]*(?=[\s.,;:!?)"']|$)/g)?.length ?? 0;
  const parts = text.split(" ").length;
  if (words < 4 || words < 0.6 * parts) return false;
  const foreign = text.match(/[^\x20-\x7e\u2010-\u2026]/g)?.length ?? 0;
  const signs = text.match(/[{}[\]=<>|\\/$#*_~^@+]/g)?.length ?? 0;
  return (
    foreign <= 0.03 * text.length && signs <= 0.05 * text.length && !signature.test(text) && !boilerplate.test(text)
  );
};

/** `name(parameter: Type)`, `(parameter): Type`, `(parameter) => Type`. */
const signature = /\w\([^)]*\w\??:\s|\)\s*(?::|=>)\s/;

/** Sentences of licences and notices, which hundreds of packages repeat with other names in them. */
const boilerplate =
  /Permission is hereby granted|THE SOFTWARE IS PROVIDED|AS IS|WITHOUT WARRANTIES|Copyright|All rights reserved|Redistribution and use|Licensed under|Released under|Updated dependencies/i;

const functionWord =
  /^(?:the|and|of|to|is|for|with|that|this|it|be|are|not|from|or|if|by|an|as|can|you|in|on|which|when|will)$/;

/** True if English function words are as frequent as in English: another Latin-script language has far fewer. */
export const isEnglish = (text: string): boolean => {
  let words = 0;
  let known = 0;
  for (const [word] of text.toLowerCase().matchAll(/[a-z\u00c0-\u024f]+/g)) {
    words++;
    if (functionWord.test(word)) known++;
  }
  return known >= 0.1 * words;
};
