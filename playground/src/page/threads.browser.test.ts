import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { openSite } from "../testing/open-site.testing.ts";
import { serveFolder } from "../testing/site.testing.ts";
import { browserCommand, hasGuesses, trainOnSmallWorld, visit } from "../testing/visitor.testing.ts";

describe.runIf(browserCommand && availableParallelism() > 1)("the threads of a run", () => {
  const site = openSite();

  it("are started by the page, for a worker that starts any hangs now and then in Firefox 153", async () => {
    const prelude = `globalThis.Worker = class { constructor() { throw new Error("a worker in a worker"); } };\n`;
    const host = await serveFolder(site.folder, prelude);
    const visitor = await visit(site.browser, host.url);
    const { page, see, until, press, reload, context } = visitor;
    await page.evaluateOnNewDocument(() => {
      const threads = new Set<object>();
      Object.assign(globalThis, { threads });
      globalThis.Worker = class extends Worker {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          if (String(url).startsWith("blob:")) threads.add(this);
        }
        override terminate() {
          super.terminate();
          threads.delete(this);
        }
      };
    });
    const threads = () => page.evaluate(() => (globalThis as unknown as { threads: Set<object> }).threads.size);
    await reload();
    await see("WebAssembly on");
    await trainOnSmallWorld(visitor, "cpu", "5");
    await until(hasGuesses);
    const counted = Number(/(\d+) threads/.exec(await page.evaluate(() => document.body.textContent))?.[1]);
    expect(counted).toBeGreaterThan(1);
    expect(await threads()).toBe(counted - 1);
    await press("Pause");
    await press("Start over");
    await until(() => !document.querySelector(".figures"));
    expect(await threads()).toBe(0);
    await context.close();
    await host.close();
  }, 240_000);
});
