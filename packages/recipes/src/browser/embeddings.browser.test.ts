import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { browser, runInBrowser } from "./browser.testing.ts";

const readme = readFileSync(new URL("../../../finetune/README.md", import.meta.url), "utf8");
const example = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
  .map(([, code]) => code!)
  .find((code) => code.includes("search("))!;

describe.runIf(browser)("the example of embeddings and search in a browser", () => {
  it("finds what belongs to a query", async () => {
    const shown = "console.log(score.toFixed(3), item.text)";
    expect(example).toContain(shown);
    const found = await runInBrowser<[number, string][]>(
      `const result: [number, string][] = [];\n${example.replace(shown, "result.push([score, item.text])")}`,
    );
    expect(found).toHaveLength(2);
    expect(found[0]![1]).toBe("a leaf 2");
    expect(found[0]![0]).toBeGreaterThan(found[1]![0]);
  });
});
