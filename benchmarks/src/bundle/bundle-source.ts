import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../places.ts";

/** The source and every library in one file; what is native stays outside, what a GPU host lacks is left out. */
export const bundleSource = (outfile: string) =>
  build({
    entryPoints: [join(root, "src", "cli.ts")],
    outfile,
    bundle: true,
    minify: true,
    keepNames: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@cramkit/source"],
    // One copy of tfjs-core: the CommonJS build that Node gives to every importer.
    mainFields: ["main", "module"],
    external: [
      "webgpu",
      "tokenizers",
      "@jax-js/jax",
      "vega",
      "vega-lite",
      "@tensorflow/tfjs-backend-wasm",
      "@tensorflow/tfjs-node",
      "@tensorflow/tfjs-node-gpu",
    ],
    banner: {
      js: 'import { createRequire as cramkitRequire } from "node:module"; const require = cramkitRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
