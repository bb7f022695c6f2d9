// Publishes every package to a registry of its own on this machine (Verdaccio), installs them into an empty project as a
// stranger would, and runs every README example, `cramkit run smoke` and the test of every project in examples/ there. Needs
// `pnpm build` (with declarations unless CRAMKIT_NO_DTS is set) to have run. `--keep` leaves the project in place and prints
// where it is.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { examples } from "./examples.mjs";
import { packagesIn, readmeExamples } from "./readme-examples.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "cramkit-published-"));
const port = await freePort();
const registry = `http://127.0.0.1:${port}/`;
const server = startRegistry();
let failed = false;
try {
  await answers(registry);
  publish();
  const project = installEverything();
  await runExamples(project);
  run("npx", ["cramkit", "run", "smoke", "--dir", "run", "--data", "data"], project, "cramkit run smoke");
  runProjects(project);
} catch (error) {
  failed = true;
  console.error(error instanceof Error ? error.message : error);
} finally {
  server.kill();
  if (process.argv.includes("--keep")) console.log(`kept ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Serves what is published here, and passes everything else on to the registry that npm is set up with. */
function startRegistry() {
  const upstream = spawnSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).stdout.trim();
  const config = {
    storage: join(folder, "storage"),
    uplinks: { upstream: { url: upstream, timeout: "60s", maxage: "1h" } },
    packages: {
      "@cramkit/*": { access: "$all", publish: "$all" },
      cramkit: { access: "$all", publish: "$all" },
      "**": { access: "$all", proxy: "upstream" },
    },
    max_body_size: "100mb",
    log: { type: "stderr", level: "error" },
  };
  const file = join(folder, "verdaccio.json"); // which is YAML as well
  writeFileSync(file, JSON.stringify(config));
  const require = createRequire(import.meta.url);
  const manifest = require.resolve("verdaccio/package.json");
  const binary = join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin);
  return spawn(process.execPath, [binary, "--config", file, "--listen", `127.0.0.1:${port}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function publish() {
  const npmrc = join(folder, "npmrc");
  // Anybody may publish, but the clients want to send some token.
  writeFileSync(npmrc, `registry=${registry}\n//127.0.0.1:${port}/:_authToken=anyone\n`);
  const pnpm = JSON.parse(readFileSync("package.json", "utf8")).packageManager;
  const args = [
    "--yes",
    pnpm,
    "--recursive",
    "publish",
    "--no-git-checks",
    "--access",
    "public",
    "--registry",
    registry,
  ];
  run("npx", args, ".", "publish", { npm_config_userconfig: npmrc });
}

function installEverything() {
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  // As the examples have it: onnxruntime-node would fetch libraries for CUDA.
  writeFileSync(join(project, ".npmrc"), `registry=${registry}\nonnxruntime-node-install=skip\n`);
  const named = readmeExamples().flatMap(({ code }) => packagesIn([code]));
  // One installation for all projects: a registry of this machine need not give out the same files eight times.
  const ranges = new Map([...named, ...readdirSync("packages").map(nameOf)].map((name) => [name, "latest"]));
  for (const { dependencies } of examples())
    for (const [name, range] of Object.entries(dependencies)) ranges.set(name, range);
  const names = [...ranges].map(([name, range]) => `${name}@${range}`);
  // The sources of this repository must not be found from there.
  run("npm", ["install", "--no-audit", "--no-fund", ...names], project, "npm install");
  return project;
}

async function runExamples(project) {
  for (const { name, index, code } of readmeExamples()) {
    const folder = join(project, `${name}-${index}`); // empty, as a reader's
    mkdirSync(folder);
    const file = join(folder, "example.mjs");
    await build({
      stdin: { contents: code, loader: "ts", resolveDir: project },
      outfile: file,
      format: "esm",
      logLevel: "silent",
    });
    run(process.execPath, [file], folder, `the README of ${name}, example ${index}`);
  }
}

/** The projects in examples/, each in a copy beside the others, with the scripts of its manifest. */
function runProjects(project) {
  for (const { name, folder } of examples()) {
    const copy = join(project, name);
    cpSync(folder, copy, { recursive: true });
    run("npm", ["test"], copy, `the example ${name}`);
  }
}

function run(command, args, cwd, title, env = {}) {
  const began = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: resolve(cwd),
    encoding: "utf8",
    env: { ...cleanEnvironment(), npm_config_registry: registry, ...env },
    maxBuffer: 2 ** 28,
    timeout: 600_000,
  });
  if (status !== 0) throw new Error(`${title} failed: ${error?.message ?? ""}\n${stdout}\n${stderr}`);
  console.log(`ok   ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}

/** Without what the package manager that runs this script tells its children: its registry would win over ours. */
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm|pnpm)_/i.test(name)));
}

function nameOf(name) {
  return JSON.parse(readFileSync(join("packages", name, "package.json"), "utf8")).name;
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = probe.address();
      probe.close(() => done(free));
    });
  });
}

async function answers(url) {
  for (let attempt = 0; attempt < 120; attempt++) {
    if (server.exitCode !== null) throw new Error(`the registry ended with exit code ${server.exitCode}; see above`);
    const reply = await fetch(`${url}-/ping`).catch(() => undefined);
    if (reply?.ok) return;
    await new Promise((next) => setTimeout(next, 500));
  }
  throw new Error("expected the registry to answer within a minute, got nothing");
}
