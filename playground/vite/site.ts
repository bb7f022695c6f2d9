import { fileURLToPath } from "node:url";
import type { InlineConfig } from "vite";
import { sampleText } from "./sample-text.ts";
import { serviceWorker } from "./service-worker.ts";

/** What makes a page cross-origin isolated, which threads need. Hosts that cannot set them have the service worker. */
const isolationHeaders = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** The build of the page and of its worker: static files that may lie in any folder. */
export const site: InlineConfig = {
  root: fileURLToPath(new URL("..", import.meta.url)),
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { target: "es2023", sourcemap: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 2000 },
  worker: { format: "es" },
  plugins: [sampleText(), serviceWorker()],
  preview: { headers: isolationHeaders, host: "127.0.0.1", port: 4180 },
  server: { headers: isolationHeaders, host: "127.0.0.1" },
};
