import { defineConfig } from "vite";
import { serviceWorker } from "./vite/service-worker.ts";

/** What makes a page cross-origin isolated, which threads need. Hosts that cannot set them have the service worker. */
const headers = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { target: "es2023", sourcemap: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 2000 },
  worker: { format: "es" },
  plugins: [serviceWorker()],
  preview: { headers, host: "127.0.0.1", port: 4180 },
  server: { headers, host: "127.0.0.1" },
});
