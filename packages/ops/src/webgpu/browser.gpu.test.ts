import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import type { PageResult } from "./browser-page.testing.ts";

/*
 * The same code in a real browser: bundled, served from localhost, on `navigator.gpu` over SwiftShader, the software adapter
 * inside Chromium. Left out, loudly, where there is no Chromium.
 */
const chromium = ["chromium", "chromium-browser", "google-chrome"].find(
  (name) => spawnSync(name, ["--version"], { timeout: 20_000 }).status === 0,
);
if (!chromium) console.warn("\n######## WebGPU kernels NOT TESTED in a browser: no chromium on the PATH ########\n");

const here = fileURLToPath(new URL(".", import.meta.url));

/** The page's script: our kernels and the backend, which only tests may join. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { startWebgpu } from "../../../backend/src/webgpu/index.ts";
import { runPage } from "./browser-page.testing.ts";
const post = (body) => fetch("/result", { method: "POST", body: JSON.stringify(body) });
runPage(startWebgpu).then(post, (error) => post({ error: String(error?.stack ?? error) }));`,
      resolveDir: here,
    },
    ...{ bundle: true, write: false, format: "esm", logLevel: "error" },
    ...{ conditions: ["@cramkit/source"], external: ["webgpu"] },
  });
  return outputFiles[0]!.text;
}

async function runInBrowser(script: string): Promise<PageResult> {
  const profile = mkdtempSync(join(tmpdir(), "cramkit-chromium-"));
  let report: (text: string) => void = () => undefined;
  const reported = new Promise<string>((resolve) => {
    report = resolve;
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
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const browser = spawn(
    chromium!,
    [
      ...["--headless=new", "--no-sandbox", "--no-first-run", "--disable-extensions", `--user-data-dir=${profile}`],
      ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
      `http://127.0.0.1:${port}/`,
    ],
    { stdio: "ignore", detached: true },
  );
  try {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error("the browser did not answer within 4 minutes")), 240_000).unref();
    });
    const result = JSON.parse(await Promise.race([reported, late])) as PageResult & { error?: string };
    if (result.error) throw new Error(result.error);
    return result;
  } finally {
    // The browser and the processes that it started.
    if (browser.pid) process.kill(-browser.pid, "SIGKILL");
    server.closeAllConnections();
    server.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

describe.runIf(chromium)("in a browser", () => {
  it("conforms and trains on navigator.gpu", async () => {
    const { adapter, tier, cases, failures, losses } = await runInBrowser(await bundle());
    console.info(`WebGPU kernels are tested in ${chromium} on ${adapter}, tier ${tier}, ${cases} cases`);
    expect(failures).toEqual([]);
    expect(cases).toBeGreaterThan(30);
    expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
  });
});
