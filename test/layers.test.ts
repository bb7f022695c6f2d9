import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { layers, tensorPackages } from "../layers.mjs";

const manifest = (name: string) => JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
const packages = readdirSync("packages");
const tensorLibrary = "@tensorflow/tfjs-core";

it("every package has a row in the layer table", () => {
  expect(Object.keys(layers).sort()).toEqual(packages.sort());
});

it.each(packages)("%s declares only the packages that its layer allows", (name) => {
  const { dependencies = {}, peerDependencies = {} } = manifest(name);
  const used = Object.keys({ ...dependencies, ...peerDependencies })
    .filter((dependency) => dependency.startsWith("@cramkit/"))
    .map((dependency) => dependency.slice("@cramkit/".length));
  expect(used.filter((dependency) => !(layers as Record<string, string[]>)[name]!.includes(dependency))).toEqual([]);
});

it.each(packages)("%s knows the tensor library only where its layer does, as a peer in the libraries", (name) => {
  const { dependencies = {}, peerDependencies = {} } = manifest(name);
  const isLibrary = !["recipes", "cramkit"].includes(name);
  expect(tensorLibrary in peerDependencies).toBe(isLibrary && tensorPackages.includes(name));
  if (isLibrary) expect(dependencies).not.toHaveProperty([tensorLibrary]);
});
