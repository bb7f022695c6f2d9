// node tables.mjs FOLDER: the sections of all Markdown files in a folder, as two tables. `passages.csv` is what is searched.
// `pairs.csv` is what the search learns from: the heading of a section, as a question, belongs to its text.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder = "notes"] = process.argv.slice(2);
const cell = (text) => `"${text.replaceAll('"', '""')}"`;
const table = (head, rows) => `${[head, ...rows.map((row) => row.map(cell))].join("\n")}\n`;

const sections = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .sort()
  .flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const title = /^# (.+)$/m.exec(text)?.[1] ?? file;
    return text
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [heading, ...lines] = section.split("\n");
        return { place: `${file}: ${heading}`, question: `${title}, ${heading}`, passage: lines.join(" ").trim() };
      });
  })
  .filter(({ passage }) => passage !== "");

writeFileSync(
  "passages.csv",
  table(
    ["place", "passage"],
    sections.map(({ place, passage }) => [place, passage]),
  ),
);
writeFileSync(
  "pairs.csv",
  table(
    ["question", "passage"],
    sections.map(({ question, passage }) => [question, passage]),
  ),
);
console.log(`${sections.length} sections: passages.csv, pairs.csv`);
