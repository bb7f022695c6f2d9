import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, it } from "vitest";
import { applications, composers, ground, layers, tensorPackages, testEdges } from "../layers.mjs";
import { pathsToOthers } from "../scripts/edges.mjs";

const manifest = (name: string) => JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
const packages = readdirSync("packages");
const tensorLibrary = "@tensorflow/tfjs-core";

it("every package has a row in the layer table", () => {
  expect(Object.keys(layers).sort()).toEqual(packages.sort());
});

const rows: Record<string, string[]> = layers;
const testRows: Record<string, string[]> = testEdges;

it("lists only packages above it in each row: the order of the table is the order of a build", () => {
  const names = Object.keys(rows);
  for (const [i, name] of names.entries()) {
    expect(rows[name]!.filter((other) => names.indexOf(other) >= i)).toEqual([]);
  }
});

it("has no circle when the tests' edges are counted: they order a build too", () => {
  const visit = (name: string, path: string[]): void => {
    expect(path, [...path, name].join(" -> ")).not.toContain(name);
    for (const next of [...rows[name]!, ...(testRows[name] ?? [])]) visit(next, [...path, name]);
  };
  for (const name of packages) visit(name, []);
});

const ours = (dependencies: Record<string, string> = {}): string[] =>
  Object.keys(dependencies)
    .filter((dependency) => dependency.startsWith("@cramkit/"))
    .map((dependency) => dependency.slice("@cramkit/".length))
    .sort();

it.each(packages)("%s declares the packages of its row, and for its tests those of testEdges", (name) => {
  const { dependencies, peerDependencies, devDependencies } = manifest(name);
  const used = ours({ ...dependencies, ...peerDependencies });
  expect(used.filter((dependency) => !rows[name]!.includes(dependency))).toEqual([]);
  // A library imports what its row lists: an edge that is gone leaves the table. The ground floor is for all.
  if (!composers.includes(name))
    expect(rows[name]!.filter((other) => !ground.includes(other) && !used.includes(other))).toEqual([]);
  // A development dependency is of the tests, or a script of a package that the row lists.
  const developing = ours(devDependencies);
  const forTests = testRows[name] ?? [];
  expect(forTests.filter((other) => !developing.includes(other))).toEqual([]);
  expect(developing.filter((other) => !forTests.includes(other) && !rows[name]!.includes(other))).toEqual([]);
});

/** Every text of a package that could lead to another. */
const textsOf = (name: string): [string, string][] =>
  ["src", "assembly", "scripts"]
    .map((folder) => `packages/${name}/${folder}`)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => `${folder}/${path}`))
    .filter((path) => /\.m?[jt]s$/.test(path) && !path.includes(".generated."))
    .concat(`packages/${name}/package.json`)
    .map((path) => [path, readFileSync(path, "utf8")]);

it.each(packages)("%s leads by no path in a string to a package that it may not know", (name) => {
  const mayKnow = (other: string) =>
    other === "*" ? composers.includes(name) : rows[name]!.includes(other) || !packages.includes(other);
  expect(pathsToOthers(textsOf(name)).filter(({ to }) => !mayKnow(to))).toEqual([]);
});

it("finds a planted path of each kind: an address made at run time, a folder in a template, a command", () => {
  const planted: [string, string][] = [
    ["packages/ops/src/testing/a.testing.ts", 'new URL("../../../backend/src/index.ts", import.meta.url)'],
    ["packages/optim/src/b.test.ts", `import(new URL("../../\${path}", import.meta.url).href)`],
    ["packages/ops/package.json", '"generate": "node ../backend/scripts/compile.mjs assembly/index.ts"'],
    ["packages/ops/assembly/c.ts", 'import { gemm } from "../../backend/assembly/gemm";'],
    ["packages/ops/src/d.ts", '// as in "../../backend/src/cpu"\nimport { x } from "./cpu/x.ts";'],
  ];
  expect(pathsToOthers(planted).map(({ file, to }) => [file.split("/").at(-1), to])).toEqual([
    ["a.testing.ts", "backend"],
    ["b.test.ts", "*"],
    ["package.json", "backend"],
    ["c.ts", "backend"],
  ]);
});

it("finds a planted import of each kind: source, assembly, test, test helper", () => {
  const root = mkdtempSync(join(resolve("node_modules"), ".planted-"));
  try {
    const plant = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    for (const file of ["layers.mjs", ".dependency-cruiser.mjs", "tsconfig.json"]) cpSync(file, join(root, file));
    mkdirSync(join(root, "benchmarks"));
    for (const name of ["backend", "ops", "optim", "trainer", "wasm-kit"]) {
      plant(`packages/${name}/package.json`, readFileSync(`packages/${name}/package.json`, "utf8"));
      plant(`packages/${name}/src/index.ts`, "export const here = 1;\n");
      plant(`packages/${name}/src/webgpu/index.ts`, "export const here = 1;\n");
      plant(`packages/${name}/assembly/gemm.ts`, "export const here = 1;\n");
      for (const other of ["backend", "ops", "trainer", "wasm-kit"]) {
        const link = join(root, `packages/${name}/node_modules/@cramkit/${other}`);
        mkdirSync(dirname(link), { recursive: true });
        symlinkSync(join(root, "packages", other), link);
      }
    }
    const use = (path: string, from: string) => plant(path, `import { here } from "${from}";\nconsole.log(here);\n`);
    // What the table allows.
    use("packages/ops/assembly/allowed.ts", "@cramkit/wasm-kit/assembly/gemm");
    use("packages/ops/src/allowed.test.ts", "@cramkit/backend");
    use("packages/optim/src/testing/allowed.testing.ts", "@cramkit/backend/webgpu");
    // What it does not.
    use("packages/ops/src/source.ts", "@cramkit/backend");
    use("packages/ops/assembly/by-name.ts", "@cramkit/backend/assembly/gemm");
    use("packages/ops/assembly/by-path.ts", "../../backend/assembly/gemm.ts");
    use("packages/optim/src/test.test.ts", "@cramkit/trainer");
    use("packages/optim/src/testing/helper.testing.ts", "@cramkit/trainer");
    use("packages/ops/src/testing/deep.testing.ts", "../../../backend/src/webgpu/other.ts");
    plant("packages/backend/src/webgpu/other.ts", "export const here = 1;\n");
    const cruiser = resolve("node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
    const options = ["packages", "--config", ".dependency-cruiser.mjs", "--output-type", "json"];
    let output: string;
    try {
      output = execFileSync(process.execPath, [cruiser, ...options], { cwd: root, encoding: "utf8" });
    } catch (error) {
      output = (error as { stdout: string }).stdout; // it exits with the number of errors
    }
    const found: [string, string][] = JSON.parse(output).summary.violations.map(
      ({ rule, from }: { rule: { name: string }; from: string }) => [from.slice("packages/".length), rule.name],
    );
    expect(found.sort()).toEqual([
      ["ops/assembly/by-name.ts", "not-to-unresolvable"],
      ["ops/assembly/by-path.ts", "layer:ops"],
      ["ops/assembly/by-path.ts", "no-deep-import:packages/ops"],
      ["ops/src/source.ts", "layer:ops"],
      ["ops/src/testing/deep.testing.ts", "no-deep-import:packages/ops"],
      ["optim/src/test.test.ts", "test-layer:optim"],
      ["optim/src/testing/helper.testing.ts", "test-layer:optim"],
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it.each(packages)("%s knows the tensor library only where its layer does, as a peer in the libraries", (name) => {
  const { dependencies = {}, peerDependencies = {} } = manifest(name);
  const isLibrary = !applications.includes(name);
  expect(tensorLibrary in peerDependencies).toBe(isLibrary && tensorPackages.includes(name));
  if (isLibrary) expect(dependencies).not.toHaveProperty([tensorLibrary]);
});
