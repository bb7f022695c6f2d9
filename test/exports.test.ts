import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

/** Every entry of every package with the values that it exports: a change of the public interface shows in review. */
it("exports what the snapshot says", async () => {
  const lines: string[] = [];
  for (const name of readdirSync("packages")) {
    const { name: published, exports } = JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
    for (const [entry, target] of Object.entries<Record<string, string> | string>(exports)) {
      if (typeof target === "string") continue;
      const module = await import(pathToFileURL(resolve("packages", name, target["@cramkit/source"]!)).href);
      lines.push(
        `${published}${entry.slice(1)}:`,
        ...Object.keys(module)
          .sort()
          .map((key) => `  ${key}`),
      );
    }
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("exports.snapshot.txt");
});
