import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withInserts } from "./inserts.mjs";

/** The first sentence of a page's text, if it has one. */
const summaryOf = (text) => {
  const paragraph = text.split(/\n{2,}/).find((part) => /^[A-Z`'"]/.test(part)) ?? "";
  return /^[\s\S]*?[.:](?=\s|$)/.exec(paragraph)?.[0].replaceAll(/\s+/g, " ").replace(/:$/, ".") ?? "";
};

/** `llms.txt`: a list of the pages, and `llms-full.txt`: all of them as Markdown, for language models (llmstxt.org). */
export const writeIndexForModels = (out, sections) => {
  const list = sections.map(({ title, pages }) =>
    [`## ${title}\n`, ...pages.map((page) => `- [${page.title}](${page.slug}.html): ${summaryOf(page.text)}`)].join(
      "\n",
    ),
  );
  const about = "# Cramkit\n\n> Train a BERT-class language model from scratch in TypeScript, finetune and export it.";
  writeFileSync(join(out, "llms.txt"), `${about}\n\n${list.join("\n\n")}\n`);
  const pages = sections.filter(({ title }) => title !== "Measurements").flatMap((section) => section.pages);
  writeFileSync(join(out, "llms-full.txt"), pages.map(({ text }) => withInserts(text)).join("\n\n---\n\n"));
};
