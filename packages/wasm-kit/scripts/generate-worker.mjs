#!/usr/bin/env node
// cramkit-worker SOURCE TARGET: the worker's TypeScript with all that it imports, as a string of JavaScript in a
// TypeScript file.
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { rolldown } from "rolldown";

const [source, target] = process.argv.slice(2);
const bundle = await rolldown({
  input: resolve(source),
  // Sources of sibling packages: nothing has to be built before.
  resolve: { conditionNames: ["@cramkit/source", "import", "default"] },
  // A script has no import.meta, so what needs it gets its paths from whoever starts the worker.
  transform: { define: { "import.meta.url": "undefined" } },
});
const { output } = await bundle.generate({ format: "iife", minify: "dce-only", comments: false });
await writeFile(target, `export const worker = ${JSON.stringify(output[0].code)};\n`);
