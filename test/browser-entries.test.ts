import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";
import { build as viteBuild } from "vite";
import { expect, it } from "vitest";

/** Packages, and entries, that need files, threads or processes of Node. */
const needsNode = new Set(["files", "native", "parallel", "recipes", "cramkit"]);

const entries = readdirSync("packages")
  .filter((name) => !needsNode.has(name))
  .flatMap((name) => {
    const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
    return Object.entries(manifest.exports as Record<string, Record<string, string>>)
      .filter(([entry, target]) => target["@cramkit/source"] && !/\/(node|build)\b/.test(entry))
      .map(([entry, target]) => ({
        entry: manifest.name + entry.slice(1),
        folder: resolve("packages", name),
        source: resolve("packages", name, target["@cramkit/source"]!),
      }));
  });

it.each(entries)("esbuild bundles $entry for a browser", async ({ source, folder }) => {
  const contents = `import * as all from ${JSON.stringify(source)}; globalThis.all = all;`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    write: false,
    outdir: folder,
    splitting: true,
    format: "esm",
    platform: "browser",
    conditions: ["@cramkit/source"],
    logLevel: "silent",
  });
  expect(outputFiles.length).toBeGreaterThan(0);
});

it("leaves the kernels of CUDA out of a page that starts a backend, where asking for them says so", async () => {
  const contents = `import { startBackend } from "@cramkit/backend"; export const failure = await startBackend("cuda").catch((error) => error);`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: resolve("packages/recipes") },
    bundle: true,
    write: false,
    outdir: ".",
    format: "esm",
    platform: "browser",
    conditions: ["@cramkit/source"],
    logLevel: "silent",
  });
  const [bundle] = outputFiles;
  expect(bundle!.text).not.toContain("cuModuleLoadData");
  const { failure } = await import(`data:text/javascript;base64,${Buffer.from(bundle!.contents).toString("base64")}`);
  expect(failure.message).toContain("no browser can");
});

it.each(entries)("Vite bundles $entry for a browser", { timeout: 120_000 }, async ({ entry, source, folder }) => {
  const id = "virtual:page";
  const warnings: string[] = [];
  await viteBuild({
    root: folder,
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@cramkit/source", "browser", "module", "import", "default"] },
    build: {
      write: false,
      minify: false,
      target: "es2022",
      rollupOptions: { input: id, onwarn: (warning) => warnings.push(warning.message) },
    },
    plugins: [
      {
        name: "page",
        resolveId: (name) => (name === id ? id : null),
        load: (name) => (name === id ? `import * as all from ${JSON.stringify(source)}; globalThis.all = all;` : null),
      },
    ],
  });
  // A module of Node is replaced by an empty one, and fails in the page when it is used.
  expect(
    warnings.filter((text) => /externalized for browser/.test(text)),
    entry,
  ).toEqual([]);
});
