// The examples of every README: its blocks fenced as `ts`.
import { existsSync, readdirSync, readFileSync } from "node:fs";

const blocksOf = (readme) =>
  existsSync(readme)
    ? [...readFileSync(readme, "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => block[1])
    : [];

/**
 * Every example; `name` is a package's folder, or "repository".
 * @returns {{ name: string, index: number, code: string }[]}
 */
export const readmeExamples = () =>
  [["repository", "README.md"], ...readdirSync("packages").map((name) => [name, `packages/${name}/README.md`])].flatMap(
    ([name, file]) => blocksOf(file).map((code, index) => ({ name, index, code })),
  );

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
