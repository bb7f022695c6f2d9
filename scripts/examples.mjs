// The projects in examples/: each has a package.json whose `test` script runs it within little time.
//
//   node scripts/examples.mjs NAME FOLDER     a copy of one, with the packages of this clone (built: `pnpm build`) linked
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/**
 * @returns {{ name: string, folder: string, test: string, dependencies: Record<string, string> }[]}
 */
export const examples = () =>
  readdirSync(join(root, "examples"))
    .map((name) => ({ name, folder: join(root, "examples", name) }))
    .filter(({ folder }) => existsSync(join(folder, "package.json")))
    .map(({ name, folder }) => {
      const { scripts, dependencies = {} } = manifestOf(folder);
      return { name, folder, test: scripts.test, dependencies };
    });

/** Where a package of npm lies: that of the first workspace folder that has it. */
const installed = (name) => {
  const homes = [...readdirSync(join(root, "packages")).map((one) => join("packages", one)), ".", "playground"];
  const home = homes.find((one) => existsSync(join(root, one, "node_modules", name, "package.json")));
  if (!home)
    throw new Error(`examples: expected ${name} in a package of the workspace, got none; add it to a manifest`);
  return realpathSync(join(root, home, "node_modules", name));
};

/**
 * Makes `node_modules` in a folder that holds, as links, what the examples need: our packages, theirs, and their commands.
 * @param {string} folder
 */
export const linkPackages = (folder) => {
  const own = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
  const places = new Map(own.map((place) => [manifestOf(place).name, place]));
  for (const { dependencies } of examples())
    for (const name of Object.keys(dependencies)) if (!places.has(name)) places.set(name, installed(name));
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  for (const [name, place] of places) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(place, join(modules, name), "junction");
    const { bin = {} } = manifestOf(place);
    const commands = typeof bin === "string" ? { [name.split("/").at(-1)]: bin } : bin;
    for (const [command, file] of Object.entries(commands))
      symlinkSync(join(place, file), join(modules, ".bin", command));
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, folder] = process.argv.slice(2);
  const example = examples().find((one) => one.name === name);
  if (!example || !folder || existsSync(folder)) {
    const names = examples().map((one) => one.name);
    console.error(`examples: expected one of ${names.join(", ")} and a folder that is not there yet`);
    process.exit(1);
  }
  cpSync(example.folder, folder, { recursive: true });
  linkPackages(resolve(folder));
  console.log(`${relative("", folder)}: ready, with the packages of this clone; what its README installs is there`);
}
