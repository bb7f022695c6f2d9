import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSite } from "../testing/open-site.testing.ts";
import { serveFolder } from "../testing/site.testing.ts";
import { browserCommand, smallWorld, visit, visitorOf } from "../testing/visitor.testing.ts";

/** Words enough for some moments of preparing. */
const manyWords = Array.from({ length: 150_000 }, (_, i) => ((i * 2654435761) % 2 ** 32).toString(36)).join(" ");
/** The worker has begun, and has kept the text before. */
const isPreparing = () => document.querySelector("progress[value]") !== null;

describe.runIf(browserCommand)("a page that is closed or loaded again before a run begins", () => {
  const site = openSite();

  it("offers the text again that was being prepared, until it is forgotten", async () => {
    const folder = mkdtempSync(join(tmpdir(), "playground-reload-"));
    const { page, context, errors, see, press, open, until, reload } = await visit(site.browser, site.url);
    try {
      writeFileSync(join(folder, "words.txt"), manyWords);
      await open(join(folder, "words.txt"));
      await until(isPreparing);
      await reload();
      await see("The text is still here:words.txt");
      await press("Take it again");
      await until(isPreparing);
      await reload();
      await press("Take it again");
      await see("held out to test with");

      const second = await context.newPage();
      await page.close();
      await second.goto(site.url);
      const later = visitorOf(second);
      await later.press("Forget it");
      await later.until(() => !document.body.textContent.includes("still here"));
      await later.reload();
      await later.see("WebAssembly on");
      await later.press("Take the sample");
      await later.see("held out to test with");
      expect(await second.evaluate(() => document.body.textContent.includes("words.txt"))).toBe(false);

      await later.fill("Minutes", "7");
      await later.chooseSize("tiny");
      await later.reload();
      await later.press("Take it again");
      await later.see("held out to test with");
      const chosen = () => [
        document.querySelector<HTMLInputElement>("input[type=number]")!.value,
        document.querySelector(".choice.chosen .name")!.textContent,
      ];
      expect(await second.evaluate(chosen)).toEqual(["7", "tiny"]);
      expect(errors).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await context.close();
    }
  }, 240_000);

  it("does not wait for a WebGPU that is busy with what the page asked for before, and hears it when it answers", async () => {
    const prelude = `
      const ask = navigator.gpu?.requestAdapter.bind(navigator.gpu);
      const isFree = new Promise((resolve) => { new BroadcastChannel("free").onmessage = resolve; });
      Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async (...options) => {
        await isFree;
        return (await ask?.(...options)) ?? null;
      } } });\n`;
    const busy = await serveFolder(site.folder, prelude);
    const { page, context, see, fill, press, until } = await visit(site.browser, busy.url);
    await see("WebGPU has not answered yet");
    await fill("Or paste", smallWorld);
    await press("Use the pasted text");
    await see("held out to test with");
    await page.evaluate(() => new BroadcastChannel("free").postMessage("now"));
    await until(() => !document.body.textContent.includes("not answered"));
    await context.close();
    await busy.close();
  }, 240_000);
});
