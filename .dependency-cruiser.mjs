import { readdirSync, readFileSync } from "node:fs";
import { layers } from "./layers.mjs";

const names = Object.keys(layers);
/** The sources of what each manifest exports: the doors of a package. */
const entries = readdirSync("packages").flatMap((folder) =>
  Object.values(JSON.parse(readFileSync(`packages/${folder}/package.json`, "utf8")).exports)
    .map((target) => target["@cramkit/source"])
    .filter(Boolean)
    .map((source) => `^packages/${folder}/${source.slice(2).replaceAll(".", "\\.")}$`),
);
const inPackages = (list) => `^packages/(${list.join("|")})/`;

export default {
  forbidden: [
    {
      name: "no-circular",
      comment: "files that import each other, types included: neither can be read alone",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "not-to-unresolvable",
      comment: "undeclared: pnpm did not link it here",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^@webgpu/types$" }, // which has declarations only
    },
    ...[...names.map((name) => `packages/${name}`), "benchmarks"].map((folder) => ({
      name: `no-deep-import:${folder}`,
      comment: "import a package by its name, never by a path into it",
      severity: "error",
      from: { path: `^${folder}/` },
      to: {
        path: "^packages/[^/]+/src/",
        pathNot: [`^${folder}/`, ...entries],
      },
    })),
    ...names.map((name) => ({
      name: `layer:${name}`,
      severity: "error",
      comment: `${name} may import only: ${layers[name].join(", ") || "no workspace package"}`,
      from: { path: inPackages([name]) },
      to: { path: inPackages(names), pathNot: inPackages([name, ...layers[name]]) },
    })),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // WebAssembly sources are composed apart from the packages.
    exclude: { path: "/(dist|assembly|\\.cache)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@cramkit/source", "types", "import", "default"],
      extensions: [".ts", ".js", ".mjs"],
    },
  },
};
