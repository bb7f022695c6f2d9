import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../measure/places.ts";

/** Each program with every library in one file; what is native stays outside, what a GPU host lacks is left out. */
export const bundleSource = (folder: string) =>
  build({
    entryPoints: {
      bench: join(root, "src", "cli.ts"),
      vulkan: join(root, "src", "bundle", "vulkan-cli.ts"),
    },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
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
      "usearch",
      "@jax-js/jax",
      "@tensorflow/tfjs-backend-wasm",
      "@tensorflow/tfjs-node",
      "@tensorflow/tfjs-node-gpu",
    ],
    banner: {
      js: 'import { createRequire as cramkitRequire } from "node:module"; const require = cramkitRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
