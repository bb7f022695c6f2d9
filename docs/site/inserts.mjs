import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createProgram } from "cramkit";
import { readResults } from "../../benchmarks/src/measure/results-file.ts";
import { renderReport } from "../../benchmarks/src/report/report.ts";

// What pages hold that is made of other files: `<!-- insert: NAME -->` stands where it goes.

const manifestOf = (name) => JSON.parse(readFileSync(join("packages", name, "package.json"), "utf8"));
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const packages = () =>
  table(
    ["package", "what it is"],
    readdirSync("packages").map((name) => {
      const { name: published, description } = manifestOf(name);
      return [`[\`${published}\`](../packages/${name}/README.md)`, description];
    }),
  );

/** A page a file of results, and a list of them. */
const resultsFiles = () =>
  readdirSync("benchmarks/results").flatMap((machine) =>
    readdirSync(join("benchmarks/results", machine))
      .filter((name) => name.endsWith(".jsonl"))
      .map((name) => ({ machine, date: name.replace(".jsonl", ""), file: join("benchmarks/results", machine, name) })),
  );
const measurements = () =>
  table(
    ["machine", "date", "lines"],
    resultsFiles().map(({ machine, date, file }) => [
      machine,
      `[${date}](.cache/measurements/${machine}-${date}.md)`,
      readFileSync(file, "utf8").trim().split("\n").length,
    ]),
  );
/**
 * The pages are written to files, because a link must lead to one.
 * @returns {Promise<import("./pages.mjs").Page[]>}
 */
export const measurementPages = () =>
  Promise.all(
    resultsFiles().map(async ({ machine, date, file }) => {
      const title = `${machine}, ${date}`;
      const text = `# ${title}\n\n${renderReport(await readResults(file))}`;
      const slug = `measurements/${machine}-${date}`;
      const copy = `docs/.cache/${slug}.md`;
      mkdirSync(dirname(copy), { recursive: true });
      writeFileSync(copy, text);
      return { file: copy, text, title, slug };
    }),
  );

const logs = () =>
  readdirSync("docs/logs")
    .map((name) => `- [${/^# (.+)$/m.exec(readFileSync(join("docs/logs", name), "utf8"))[1]}](logs/${name})`)
    .join("\n");

const commands = () => {
  const width = 100;
  const help = (command, names) => {
    const text = command.configureHelp({ helpWidth: width }).helpInformation().trimEnd();
    const inner = command.commands.filter((one) => one.name() !== "help");
    return [
      `## ${names.join(" ")}\n\n\`\`\`\n${text}\n\`\`\``,
      ...inner.flatMap((one) => help(one, [...names, one.name()])),
    ];
  };
  return help(createProgram(), ["cramkit"]).join("\n\n");
};

const changelog = () =>
  readdirSync(".changeset")
    .filter((name) => name.endsWith(".md"))
    .map((name) => {
      const [, about, text] = /^---\n([\s\S]*?)---\n([\s\S]*)$/.exec(readFileSync(join(".changeset", name), "utf8"));
      const names = [...about.matchAll(/^"(.+)":/gm)].map(([, one]) => one);
      return `## ${names.join(", ")}\n\n${text.trim()}`;
    })
    .join("\n\n");

/** The table of the repository's README: one place for the words. */
const glossary = () => {
  const found = /^## Glossary\n+((?:\|.*\n)+)/m.exec(readFileSync("README.md", "utf8"))?.[1];
  if (!found) throw new Error('docs: expected a table under "## Glossary" in README.md, got none');
  return found;
};

const inserts = { packages, measurements, logs, commands, changelog, glossary };

/** Text with its inserts. */
export const withInserts = (text) =>
  text.replace(/^<!-- insert: (\w+) -->$/gm, (_, name) => {
    if (!(name in inserts)) throw new Error(`docs: expected one of ${Object.keys(inserts).join(", ")}, got ${name}`);
    return inserts[name]();
  });
