import { readdirSync, readFileSync } from "node:fs";
import { layers, testEdges } from "./layers.mjs";

const names = Object.keys(layers);
/** The sources of what each manifest exports: the doors of a package. */
const entries = readdirSync("packages").flatMap((folder) =>
  Object.values(JSON.parse(readFileSync(`packages/${folder}/package.json`, "utf8")).exports)
    .map((target) => target["@cramkit/source"] ?? target)
    .filter((source) => typeof source === "string")
    .map((source) => `^packages/${folder}/${source.slice(2).replaceAll(".", "\\.").replaceAll("*", "[^/]+")}$`),
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
    ...[...names.map((name) => `packages/${name}`), "benchmarks", "playground"].map((folder) => ({
      name: `no-deep-import:${folder}`,
      comment: "import a package by its name, never by a path into it",
      severity: "error",
      from: { path: `^${folder}/` },
      to: {
        path: "^packages/[^/]+/(src|assembly|scripts)/",
        pathNot: [`^${folder}/`, ...entries],
      },
    })),
    ...names.flatMap((name) => {
      const tests = `${inPackages([name])}.*\\.(test|testing)\\.ts$`;
      const forbid = (rule, from, allowed) => ({
        name: `${rule}:${name}`,
        severity: "error",
        comment: `${name} may import only: ${allowed.join(", ") || "no workspace package"}`,
        from,
        to: { path: inPackages(names), pathNot: inPackages([name, ...allowed]) },
      });
      return [
        forbid("layer", { path: inPackages([name]), pathNot: tests }, layers[name]),
        forbid("test-layer", { path: tests }, [...layers[name], ...(testEdges[name] ?? [])]),
      ];
    }),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/(dist|\\.cache)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@cramkit/source", "types", "import", "default"],
      extensions: [".ts", ".tsx", ".js", ".mjs"],
    },
  },
};
