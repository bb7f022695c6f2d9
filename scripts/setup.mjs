// Makes a checkout ready: installs what the lock file names and generates what is not committed; with --build also
// builds every package (without declarations, which only publishing needs). Does nothing that is done already.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const root = JSON.parse(readFileSync("package.json", "utf8"));
const packages = readdirSync("packages").map((name) => join("packages", name));

checkNode();
const dependencies = [
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "package.json",
  ...packages.map((dir) => join(dir, "package.json")),
];
once("installed", dependencies, () => pnpm("install", "--frozen-lockfile"));
once(
  "generated",
  [
    ...packages.flatMap((dir) => [...files(join(dir, "assembly")), ...files(join(dir, "scripts"))]),
    ...packages.flatMap((dir) => files(join(dir, "src")).filter((file) => /(^|[\\/])layout\.ts$/.test(file))),
    ...files(join("packages", "cramkit", "src", "report")),
    // The worker, with all that is bundled into it.
    ...["native", "errors", "backend"].flatMap((name) => files(join("packages", name, "src"))),
  ],
  () => pnpm("--recursive", "generate"),
);
if (process.argv.includes("--build")) {
  const sources = packages.flatMap((dir) => files(join(dir, "src")));
  once("built", [...dependencies, ...sources, "tsup.config.ts"], () => {
    process.env.CRAMKIT_NO_DTS = "1";
    pnpm("--filter=./packages/*", "--workspace-concurrency=2", "build");
  });
}

/** Runs a step unless its stamp says that it ran on these very files. */
function once(step, inputs, run) {
  const hash = createHash("sha256").update(process.version);
  for (const file of inputs) hash.update(file).update(readFileSync(file));
  const stamp = join("node_modules", `.cramkit-${step}`);
  const digest = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  run();
  writeFileSync(stamp, digest);
}

function pnpm(...args) {
  const command = ["npx", "--yes", root.packageManager, ...args];
  const env = { ...process.env, CI: "true" }; // no questions
  // What an outer `npx -p node@24 -c "npm test"` was asked, which the inner one would take for its own.
  for (const name of ["npm_config_call", "npm_config_package"]) delete env[name];
  console.log(`> ${command.slice(2).join(" ")}`);
  const { status, error } = spawnSync(command[0], command.slice(1), {
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
    env,
  });
  if (error || status !== 0) {
    console.error(`setup: ${command.slice(2).join(" ")} failed${error ? `: ${error.message}` : ""}; see above`);
    process.exit(1);
  }
}

function files(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes(".generated."))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24) return;
  console.error(`setup: expected Node ${root.engines.node}, got ${process.versions.node}; install Node 20, 22 or 24`);
  process.exit(1);
}
