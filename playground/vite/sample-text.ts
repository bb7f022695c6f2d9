import { readFile } from "node:fs/promises";
import type { Plugin } from "vite";

const file = "sample.txt";
const characters = 300_000;

/** The beginning of a novel in the public domain, up to the end of a paragraph. */
const sample = async (): Promise<string> => {
  // Not before it is needed: tools read the configuration of a checkout that is not built.
  const { novels, novelUrl } = await import("@cramkit/novels");
  const novel = novels.find(({ title }) => title === "Pride and Prejudice");
  if (!novel) throw new Error("sampleText: expected Pride and Prejudice among the novels, found it no more");
  const text = (await readFile(novelUrl(novel), "utf8")).slice(0, characters);
  return text.slice(0, text.lastIndexOf("\n\n") + 1);
};

/** Serves and emits `sample.txt`, which the page fetches when it is asked for the sample. */
export const sampleText = (): Plugin => ({
  name: "sample-text",
  async generateBundle() {
    if ([...this.getModuleIds()].every((id) => !id.endsWith("index.html"))) return; // the bundle of the worker
    this.emitFile({ type: "asset", fileName: file, source: await sample() });
  },
  configureServer(server) {
    server.middlewares.use(`/${file}`, (_, response) => {
      void sample().then((text) => response.setHeader("content-type", "text/plain; charset=utf-8").end(text));
    });
  },
});
