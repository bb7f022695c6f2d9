// Makes the folder `site`: the page, the model and the WebAssembly of onnxruntime. Any host of static files serves it.
import { cpSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "vite";

await build({
  root: "page",
  base: "./",
  configFile: false,
  logLevel: "warn",
  build: { outDir: "../site", emptyOutDir: true, target: "es2022" },
});
cpSync("model", "site/model", { recursive: true });

const transformers = createRequire(createRequire(import.meta.url).resolve("@huggingface/transformers"));
const runtime = dirname(transformers.resolve("onnxruntime-web"));
for (const name of readdirSync(runtime).filter((one) => /^ort-wasm.*\.(wasm|mjs)$/.test(one)))
  cpSync(join(runtime, name), join("site", "wasm", name));
console.log("site: serve it with `npx vite preview --outDir site`");
