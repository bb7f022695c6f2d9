import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { glueTasks } from "@cramkit/glue";
import { glueTasksIn } from "@cramkit/glue/node";
import { Command } from "commander";
import { cramTasks } from "../cram/plan.ts";
import { root } from "../measure/places.ts";
import { bundleSource } from "./source.ts";

/** What a GPU host is asked to download, at most: of the program, and with rows and tasks for a cram. */
const limits = { program: 40e6, cram: 64e6 };

interface Flags {
  out: string;
  node: string;
  prepared?: string;
  glue?: string;
  withLibrary: string[];
}

const fail = (message: string): never => {
  throw new Error(`bench:bundle: ${message}`);
};

const run = (command: string, args: string[], options: object = {}): string => {
  try {
    return execFileSync(command, args, { encoding: "utf8", ...options });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      fail(`expected ${command} on the PATH, got none; install it`);
    throw error;
  }
};

const copyDawn = async (folder: string): Promise<void> => {
  const source = dirname(createRequire(import.meta.url).resolve("webgpu"));
  await mkdir(join(folder, "dist", "linux-x64"), { recursive: true });
  for (const file of ["index.js", "package.json", "LICENSE.md"]) await cp(join(source, file), join(folder, file));
  const addon = join(folder, "dist", "linux-x64", "dawn.node");
  await cp(join(source, "dist", "linux-x64", "dawn.node"), addon);
  run("strip", ["--strip-unneeded", addon]);
};

/** What calls NVIDIA's driver: koffi, and its binary for this system. */
const copyForeignInterface = async (folder: string): Promise<void> => {
  // Each is the dependency of the one before.
  const from = (file: string, name: string) => createRequire(file).resolve(name);
  const native = from(from(import.meta.url, "@cramkit/backend/package.json"), "@cramkit/native/package.json");
  const koffi = from(native, "koffi");
  const addon = from(koffi, "@koromix/koffi-linux-x64");
  const plain = (path: string) => !/\/(vendor|doc|musl_x64)$/.test(path);
  await cp(dirname(koffi), join(folder, "koffi"), { recursive: true, dereference: true, filter: plain });
  await cp(dirname(addon), join(folder, "@koromix", "koffi-linux-x64"), {
    recursive: true,
    dereference: true,
    filter: plain,
  });
};

const versionsOf = async (names: readonly string[]): Promise<Record<string, string>> => {
  const require = createRequire(import.meta.url);
  const entries = names.map(async (name) => [
    name,
    JSON.parse(await readFile(require.resolve(`${name}/package.json`), "utf8")).version,
  ]);
  return Object.fromEntries(await Promise.all(entries));
};

/** The name that programs load a library by: libvulkan.so.1 of libvulkan.so.1.3.239. */
const libraryName = (library: string): string => {
  const name = /^.+?\.so\.\d+/.exec(basename(library))?.[0];
  if (name && existsSync(library)) return name;
  return fail(
    `--with-library: expected a shared library like libvulkan.so.1, got ${library}${name ? ", which is not there" : ""}`,
  );
};

/** Training and dev sets of the tasks that a cram scores, those that are there. */
const copyGlue = async (from: string, to: string): Promise<void> => {
  const there = await glueTasksIn(from);
  const tasks = cramTasks.filter((name) => there.includes(name));
  if (tasks.length === 0) fail(`--glue: expected a folder with CoLA, MRPC or the like, found none of them in ${from}`);
  for (const { path } of tasks.flatMap((name) => [
    glueTasks[name].train.tsv,
    ...glueTasks[name].evaluations.map(({ tsv }) => tsv),
  ])) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await cp(join(from, path), join(to, path));
    await chmod(join(to, path), 0o644);
  }
};

const makeBundle = async ({ out, node, prepared, glue, withLibrary }: Flags): Promise<void> => {
  if (process.platform !== "linux" || process.arch !== "x64")
    fail(`expected to run on linux-x64, whose Node and Dawn it packs, got ${process.platform}-${process.arch}`);
  const libraries = withLibrary.map((library) => [library, libraryName(library)] as const);
  const name = "cramkit-bench-linux-x64";
  const folder = join(resolve(out), name);
  await rm(folder, { recursive: true, force: true });
  for (const part of ["bin", "app", "peers"]) await mkdir(join(folder, part), { recursive: true });
  await cp(node, join(folder, "bin", "node"), { dereference: true });
  await chmod(join(folder, "bin", "node"), 0o755);
  run("strip", [join(folder, "bin", "node")]);
  await bundleSource(join(folder, "app"));
  await copyDawn(join(folder, "app", "node_modules", "webgpu"));
  await copyForeignInterface(join(folder, "app", "node_modules"));
  for (const peer of ["pytorch.py", "finetune.py"]) await cp(join(root, "peers", peer), join(folder, "peers", peer));
  await cp(join(root, "src", "bundle", "launcher.sh"), join(folder, "bench"));
  await chmod(join(folder, "bench"), 0o755);
  for (const [library, name] of libraries) {
    const copy = join(folder, "lib", name);
    await mkdir(dirname(copy), { recursive: true });
    await cp(library, copy, { dereference: true });
    run("strip", ["--strip-unneeded", copy]);
  }
  if (prepared !== undefined) await cp(prepared, join(folder, "prepared"), { recursive: true });
  if (glue !== undefined) await copyGlue(glue, join(folder, "glue"));
  const git = (...args: string[]) => run("git", args, { cwd: root }).trim();
  const built = {
    commit: git("rev-parse", "HEAD"),
    dirty: git("status", "--porcelain", "--untracked-files=no") !== "",
    versions: await versionsOf(["@tensorflow/tfjs-core", "webgpu"]),
  };
  await writeFile(join(folder, "build.json"), `${JSON.stringify(built, null, 2)}\n`);
  const archive = `${folder}.tar.xz`;
  const tar = [
    "--create",
    "--xz",
    "--file",
    archive,
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--directory",
    resolve(out),
    name,
  ];
  run("tar", tar, { env: { ...process.env, XZ_OPT: "-7 -T2" } });
  const { size } = await stat(archive);
  console.log(`${archive}: ${(size / 1e6).toFixed(1)} MB`);
  const limit = prepared === undefined && glue === undefined ? limits.program : limits.cram;
  if (size > limit)
    fail(
      `expected at most ${limit / 1e6} MB, got ${(size / 1e6).toFixed(1)} MB${prepared === undefined ? "" : "; prepare fewer rows, with corpus.maxDocuments"}`,
    );
};

try {
  await new Command("bench:bundle")
    .description("one archive that measures a GPU on a linux-x64 host without Node and without a network")
    .option("--out <folder>", "where the archive is written", join(root, "dist"))
    .option("--node <file>", "the Node binary to pack", process.execPath)
    .option(
      "--with-library <files...>",
      "also pack these, for hosts without them: libvulkan.so.1, libEGL.so.1 and the like",
      [],
    )
    .option(
      "--prepared <folder>",
      "also pack prepared rows, for `./bench cram` and `./bench train --prepared prepared`",
    )
    .option("--glue <folder>", "also pack the small tasks of GLUE and MNLI, for `./bench cram`: what is in this folder")
    .action(makeBundle)
    .parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
