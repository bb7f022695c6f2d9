import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFile, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

interface Browser {
  commands: string[];
  arguments(profile: string): string[];
  /** Lines of `user.js` in the profile. */
  preferences?: Record<string, boolean>;
}

const browsers: Record<string, Browser> = {
  /** `navigator.gpu` is SwiftShader, the software adapter that it brings along. */
  chromium: {
    commands: ["chromium", "chromium-browser", "google-chrome"],
    arguments: (profile) => [
      ...["--headless=new", "--no-sandbox", "--no-first-run", "--disable-extensions", `--user-data-dir=${profile}`],
      ...["--disable-dev-shm-usage", "--disable-background-networking"],
      ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
    ],
  },
  /** `navigator.gpu` is what Vulkan finds, on a machine without a GPU Mesa's lavapipe where that is installed. */
  firefox: {
    commands: ["firefox", "firefox-esr"],
    arguments: (profile) => ["--headless", "--no-remote", "--profile", profile],
    preferences: { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true },
  },
};

const wanted = process.env.CRAMKIT_BROWSER ?? "chromium";
const found = browsers[wanted];
if (!found) throw new Error(`CRAMKIT_BROWSER: expected ${Object.keys(browsers).join(" or ")}, got "${wanted}"`);

/** The command of the browser, one on the PATH. Where there is none that is said loudly. */
export const browser = found.commands.find((name) => spawnSync(name, ["--version"], { timeout: 20_000 }).status === 0);
if (!browser) console.warn(`\n######## NOTHING TESTED in a browser: no ${wanted} on the PATH ########\n`);

/** One script, as a bundler makes it without special options; it posts the `result` that `code` declares, or the error. */
const bundle = async (code: string): Promise<string> => {
  const contents = `
const post = (body) => fetch("/result", { method: "POST", body: JSON.stringify(body) });
const fail = (error) => post({ error: String(error?.stack ?? error) });
addEventListener("error", (event) => fail(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => fail(event.reason));
${code}
post({ value: result });`;
  const resolveDir = fileURLToPath(new URL(".", import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents, resolveDir, loader: "ts" },
    ...{ bundle: true, write: false, format: "esm", logLevel: "error", conditions: ["@cramkit/source"] },
  });
  return outputFiles[0]!.text;
};

interface PageOptions {
  /** With the headers that make a page cross-origin isolated, which shared memory needs. */
  isolated?: boolean;
  /** Folders whose files the page may fetch, by the first part of their address: `{ models: "/tmp/models" }`. */
  folders?: Readonly<Record<string, string>>;
}

/** Runs a module that declares a `result` in a page of the headless browser, served from localhost, and returns that. */
export const runInBrowser = async <T>(
  code: string,
  { isolated = false, folders = {} }: PageOptions = {},
): Promise<T> => {
  const script = await bundle(code);
  const profile = mkdtempSync(join(tmpdir(), "cramkit-browser-"));
  const preferences = Object.entries(found.preferences ?? {}).map(
    (one) => `user_pref(${JSON.stringify(one).slice(1, -1)});`,
  );
  writeFileSync(join(profile, "user.js"), preferences.join("\n"));
  let report: (text: string) => void = () => undefined;
  let giveUp: (error: Error) => void = () => undefined;
  const reported = new Promise<string>((resolve, reject) => {
    [report, giveUp] = [resolve, reject];
  });
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        response.end();
        report(body);
      });
      return;
    }
    if (isolated) {
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
    }
    const [, first = "", ...rest] = decodeURIComponent(new URL(request.url!, "http://localhost").pathname).split("/");
    const folder = folders[first];
    if (folder !== undefined) {
      const type = rest.at(-1)!.endsWith(".wasm") ? "application/wasm" : "text/javascript";
      readFile(join(folder, ...rest), (error, bytes) => {
        response.writeHead(error ? 404 : 200, { "content-type": type, "content-length": bytes?.length ?? 0 });
        response.end(bytes);
      });
      return;
    }
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const child = spawn(browser!, [...found.arguments(profile), `http://127.0.0.1:${port}/`], {
    stdio: "ignore",
    detached: true,
  });
  child.on("error", giveUp);
  child.on("exit", (code) => giveUp(new Error(`${browser} ended with code ${code} before the page answered`)));
  const late = setTimeout(() => giveUp(new Error("the page did not answer within 4 minutes")), 240_000);
  try {
    const { value, error } = JSON.parse(await reported) as { value: T; error?: string };
    if (error) throw new Error(error);
    return value;
  } finally {
    clearTimeout(late);
    // The browser and the processes that it started.
    if (child.exitCode === null && child.pid) process.kill(-child.pid, "SIGKILL");
    server.closeAllConnections();
    server.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
};
