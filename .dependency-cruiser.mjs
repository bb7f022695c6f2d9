import { layers } from "./layers.mjs";

const names = Object.keys(layers);
const inPackages = (list) => `^packages/(${list.join("|")})/`;

export default {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "not-to-unresolvable",
      comment: "undeclared: pnpm did not link it here",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-deep-import",
      comment: "import a package by its name, never by a path into it",
      severity: "error",
      from: { path: "^(packages|benchmarks)/([^/]+)/" },
      to: { path: "^packages/[^/]+/src/", pathNot: ["^packages/$2/", "^packages/[^/]+/src/([^/]+/)?index\\.ts$"] },
    },
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
    exclude: { path: "/dist/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@cramkit/source", "types", "import", "default"],
      extensions: [".ts", ".js", ".mjs"],
    },
  },
};
