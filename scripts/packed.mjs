// Packs every package as it would be published and asks publint and arethetypeswrong about the archive. What was built
// must hold this repository's sources alone: a dependency that is bundled is a second copy of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const archives = mkdtempSync(join(tmpdir(), "cramkit-packed-"));
let failed = 0;
try {
  for (const name of readdirSync("packages")) {
    const before = new Set(readdirSync(archives));
    run("pnpm", ["pack", "--pack-destination", archives], join("packages", name), true);
    const archive = join(
      archives,
      readdirSync(archives).find((file) => !before.has(file)),
    );
    console.log(`${name}:`);
    failed += run("pnpm", ["exec", "publint", "run", archive, "--strict"]);
    // ESM only, by design: CommonJS callers use import().
    failed += run("pnpm", ["exec", "attw", archive, "--profile", "esm-only", "--format", "ascii"]);
    const bundled = bundledIn(join("packages", name, "dist"));
    if (bundled.length > 0) console.log(`expected sources of this repository in dist, got ${bundled.join(", ")}`);
    failed += bundled.length;
    const loading = filesWith(join("packages", name, "dist"), "tsx/esm");
    if (loading.length > 0) console.log(`expected no loader of TypeScript in dist, got one in ${loading.join(", ")}`);
    failed += loading.length;
  }
} finally {
  rmSync(archives, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

function bundledIn(dist) {
  return readdirSync(dist, { recursive: true })
    .filter((file) => file.endsWith(".map"))
    .flatMap((file) => JSON.parse(readFileSync(join(dist, file), "utf8")).sources)
    .filter((source) => source.includes("node_modules/"));
}

function filesWith(dist, text) {
  return readdirSync(dist, { recursive: true }).filter(
    (file) => file.endsWith(".js") && readFileSync(join(dist, file), "utf8").includes(text),
  );
}

function run(command, args, cwd = ".", quiet = false) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) {
    console.log(stdout, stderr);
    if (quiet) throw new Error(`${command} ${args.join(" ")} failed in ${cwd}`);
  }
  return status === 0 ? 0 : 1;
}
