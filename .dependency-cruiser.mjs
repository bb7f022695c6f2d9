import { layers } from "./layers.mjs";

const names = Object.keys(layers);
const inPackages = (list) => `^packages/(${list.join("|")})/`;

export default {
  forbidden: [
    {
      name: "no-circular",
      comment: "modules that load each other; types may refer to each other",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
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
        pathNot: [`^${folder}/`, "^packages/[^/]+/src/(index|node)\\.ts$", "^packages/[^/]+/src/[^/]+/index\\.ts$"],
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
