// The command line as one file of JavaScript, for tests that start it often: from the sources it loads 800 modules, which takes
// two seconds, so bundled a half.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, "node_modules", ".cache", "source-cli");

const day = 24 * 3600 * 1000;
const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));

/** Changes with any source. */
const keyOfSources = () => {
  const hash = createHash("sha256");
  for (const name of readdirSync(join(root, "packages")).sort()) {
    const folder = join(root, "packages", name, "src");
    for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
      if (!/\.(ts|json)$/.test(file) || /\.test\.ts$/.test(file)) continue;
      const { mtimeMs, size } = statSync(join(folder, file));
      hash.update(`${name} ${file} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
};

/** What is not ours stays outside, named by its file: the bundle lies in no package that could find it. */
const ours = {
  name: "ours",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === "once" || path.startsWith("node:") || path.startsWith("@cramkit/")) return;
      const { resolveDir, importer, kind } = from;
      const found = await build.resolve(path, { resolveDir, importer, kind, pluginData: "once" });
      return found.errors.length > 0
        ? { path, external: true }
        : { path: pathToFileURL(found.path).href, external: true };
    });
    // A module looks for its files and threads where its source lies.
    build.onLoad({ filter: /packages[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const url = JSON.stringify(pathToFileURL(path).href);
      const source = await readFile(path, "utf8");
      return {
        contents: source.replaceAll("import.meta.url", url).replaceAll(`import.meta.resolve("tsx/esm/api")`, tsx),
        loader: "ts",
      };
    });
  },
};

/**
 * Bundles the command line, if there is no bundle of these sources yet. Start it with `--conditions=@cramkit/source`, which its
 * threads need.
 * @returns {Promise<string>} its file
 */
export const sourceCli = async () => {
  const folder = join(cache, keyOfSources());
  const file = join(folder, "cli.js");
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, "partial-"));
  await build({
    entryPoints: [join(root, "packages/cramkit/src/cli.ts")],
    outdir: made,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    conditions: ["@cramkit/source"],
    plugins: [ours],
    logLevel: "error",
  });
  try {
    renameSync(made, folder);
  } catch (error) {
    rmSync(made, { recursive: true, force: true }); // another process was faster
    if (!existsSync(file)) throw error;
  }
  for (const name of readdirSync(cache).filter((one) => Date.now() - statSync(join(cache, one)).mtimeMs > day))
    rmSync(join(cache, name), { recursive: true, force: true });
  return file;
};
