import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { build } from "vite";
import { site } from "../../vite/site.ts";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".txt": "text/plain; charset=utf-8",
};

/** Builds the page from the sources of the packages, into a temporary folder. */
export const buildSite = async (): Promise<{ folder: string; dispose(): void }> => {
  const folder = mkdtempSync(join(tmpdir(), "playground-"));
  const conditions = ["@cramkit/source", "browser", "module", "import", "default"];
  await build({
    ...site,
    ...{ configFile: false, logLevel: "error", resolve: { conditions } },
    build: { ...site.build, outDir: folder, emptyOutDir: true },
  });
  return { folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
};

/**
 * A host of static files, as plain as they come: without any headers of isolation. `workerPrelude` is code that the page's
 * worker runs first, in place of a browser that lacks something; `isolates: false` withholds the service worker that adds the headers.
 */
export const serveFolder = async (
  folder: string,
  workerPrelude = "",
  { isolates = true } = {},
): Promise<{ url: string; close(): Promise<void> }> => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, "http://host");
    const path = join(folder, normalize(pathname === "/" ? "/index.html" : pathname));
    try {
      if (!isolates && pathname.endsWith("service-worker.js")) throw new Error("withheld");
      const content = readFileSync(path);
      response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream");
      response.end(/worker-[^/]+\.js$/.test(pathname) ? workerPrelude + content : content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
