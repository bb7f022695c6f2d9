// The examples of every README and of every page in docs/: blocks fenced as `ts`.
import { existsSync, readdirSync, readFileSync } from "node:fs";

const blocksOf = (readme) =>
  existsSync(readme)
    ? [...readFileSync(readme, "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => block[1])
    : [];

/**
 * Every example; `name` is a package's folder, or "repository", or the path of a page in docs/.
 * @returns {{ name: string, index: number, code: string }[]}
 */
export const readmeExamples = () =>
  [
    ["repository", "README.md"],
    ...readdirSync("packages").map((name) => [name, `packages/${name}/README.md`]),
    ...docsPages().map((file) => [file.slice(0, -".md".length).replaceAll("/", "-"), file]),
  ].flatMap(([name, file]) => blocksOf(file).map((code, index) => ({ name, index, code })));

/**
 * The pages of docs/, with slashes on every system.
 * @returns {string[]}
 */
export const docsPages = () =>
  readdirSync("docs", { recursive: true, encoding: "utf8" })
    .map((file) => `docs/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".md") && !/\/(node_modules|dist|\.cache)\//.test(file))
    .sort();

/**
 * The npm packages that code imports.
 * @param {readonly string[]} blocks
 * @returns {string[]}
 */
export const packagesIn = (blocks) => [
  ...new Set(
    blocks
      .flatMap((code) => [...code.matchAll(/(?:from|import) "((?:@[^/"]+\/)?[^/":]+)(?:\/[^"]*)?"/g)])
      .map((match) => match[1]),
  ),
];
