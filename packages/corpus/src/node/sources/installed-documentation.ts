import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions } from "@cramkit/errors";
import type { Document } from "../../document.ts";
import { restartable } from "../../restartable.ts";
import { docCommentTexts } from "./doc-comments.ts";
import { filesOf, installedPackages } from "./installed-packages.ts";
import { isEnglish, markdownProse } from "./markdown-prose.ts";

export interface InstalledDocumentationOptions {
  /** The folder whose `node_modules` is read. */
  root: string;
  /**
   * Documentation comments of TypeScript's `lib.*.d.ts` only, or of every declaration file.
   *
   * @defaultValue `"lib"`
   */
  declarations?: "lib" | "all";
  /**
   * Shorter documents are left out.
   *
   * @defaultValue `100`
   */
  minCharacters?: number;
}

/**
 * The English that every checkout has after installing: the `*.md` files and the documentation comments of the
 * declaration files of all installed packages, as plain sentences, a paragraph a line. A block that was seen before
 * (in another version of a package, in another licence section) is left out. Order and content depend on the installed
 * packages only, not on the machine, the package manager or the clock.
 */
export const installedDocumentation = (options: InstalledDocumentationOptions): AsyncIterable<Document> => {
  checkOptions("installedDocumentation", options, { root: true, declarations: true, minCharacters: true });
  return restartable(() => readDocumentation(options));
};

async function* readDocumentation({
  root,
  declarations = "lib",
  minCharacters = 100,
}: InstalledDocumentationOptions): AsyncGenerator<Document> {
  const seen = new Set<string>();
  const isNew = (block: string) => {
    const key = block.toLowerCase().replace(/\d+/g, "0");
    return !seen.has(key) && seen.add(key) !== undefined;
  };
  const declarationFile = declarations === "lib" ? /(?:^|\/)lib\.[\w.]+\.d\.ts$/ : /\.d\.[cm]?ts$/;
  for (const { name, version, folder } of await installedPackages(root)) {
    const source = `${name}@${version}`;
    for (const path of await filesOf(folder)) {
      let texts: string[] = [];
      if (/\.(?:md|markdown)$/i.test(path) && !/(?:^|\/)[^/]*(?:licen[cs]e|notice|copying)[^/]*$/i.test(path)) {
        const blocks = markdownProse(await readFile(join(folder, path), "utf8"));
        if (isEnglish(blocks.join("\n"))) texts = [blocks.filter(isNew).join("\n")];
      } else if (declarationFile.test(path)) {
        texts = docCommentTexts(await readFile(join(folder, path), "utf8"), isNew);
      }
      for (const [index, text] of texts.entries()) {
        if (text.length < minCharacters) continue;
        yield { text, source, id: texts.length > 1 ? `${path}#${index}` : path };
      }
    }
  }
}
