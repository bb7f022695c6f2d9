import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Plugin } from "vite";

/** Chunks of devices that no browser has: the page never loads them. */
const isForNode = (file: string): boolean => /^assets\/(find-products|tensorflow)-/i.test(file);

/**
 * Emits `service-worker.js`, with the list of the files that the page needs to work offline. Its
 * name has no digest, as a browser compares its content to find a new version.
 */
export const serviceWorker = (): Plugin => ({
  name: "service-worker",
  apply: "build",
  generateBundle: {
    order: "post", // when the files of the page's worker are there, too
    async handler(_, bundle) {
      if ([...this.getModuleIds()].every((id) => !id.endsWith("index.html"))) return; // the bundle of the worker
      const files = Object.keys(bundle).filter((file) => !file.endsWith(".map") && !isForNode(file));
      const source = await readFile(new URL("./service-worker.js", import.meta.url), "utf8");
      const digest = createHash("sha256").update(source);
      for (const name of files.sort()) {
        const file = bundle[name]!;
        digest.update(name).update(file.type === "chunk" ? file.code : file.source);
      }
      const version = digest.digest("hex").slice(0, 12);
      const lists = JSON.stringify({ version, files: ["./", ...files.filter((name) => name !== "index.html")] });
      this.emitFile({ type: "asset", fileName: "service-worker.js", source: source.replace('"%BUILD%"', lists) });
    },
  },
});
