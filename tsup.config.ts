import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

/** The one build of every package: its entries are the sources that its `exports` and `bin` name. */
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const sources = Object.values(manifest.exports as Record<string, string | { "@cramkit/source"?: string }>)
  .map((target) => (typeof target === "string" ? undefined : target["@cramkit/source"]))
  .filter((source) => source !== undefined);
const commandLine = manifest.bin ? ["src/cli.ts"] : [];
// Worker threads are files of their own, beside the entry that starts them.
const workers = (manifest.cramkit?.workers ?? []) as string[];

// tsup leaves dependencies out of a bundle, but not the optional ones.
const external = Object.keys((manifest.optionalDependencies ?? {}) as Record<string, string>);

export default defineConfig({
  entry: [...sources, ...commandLine, ...workers],
  external,
  format: ["esm"],
  // What loads TypeScript in a thread serves the sources alone: `typeof CRAMKIT_BUILT` takes it out of what is published.
  define: { CRAMKIT_BUILT: "true" },
  target: "es2022",
  // Declarations name a sibling as it is published; from its sources TypeScript would at times name one of its files.
  dts: process.env.CRAMKIT_NO_DTS ? false : { entry: sources, compilerOptions: { customConditions: [] } },
  clean: true,
  sourcemap: true,
  treeshake: true,
  splitting: true,
  silent: true,
});
