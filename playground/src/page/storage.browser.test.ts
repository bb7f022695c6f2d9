import type { CDPSession } from "puppeteer-core";
import { describe, expect, it } from "vitest";
import { openSite } from "../testing/open-site.testing.ts";
import {
  browserCommand,
  hasGuesses,
  isBeyond,
  isChromium,
  trainOnSmallWorld,
  visit,
} from "../testing/visitor.testing.ts";

const savedStep = () => {
  const said = /Checkpoint of step ([\d,]+) in this browser/.exec(document.body.textContent);
  return said ? Number(said[1]!.replaceAll(",", "")) : -1;
};
const isSavedBeyond = (step: number) => {
  const said = /Checkpoint of step ([\d,]+) in this browser/.exec(document.body.textContent);
  return said !== null && Number(said[1]!.replaceAll(",", "")) > step;
};

/** Chromium alone lets a test set a quota, and clears one kind of storage. */
describe.runIf(browserCommand && isChromium)("storage that goes away under a run", () => {
  const site = openSite();

  const setQuota = (cdp: CDPSession, quotaSize?: number) =>
    cdp.send("Storage.overrideQuotaForOrigin", {
      origin: new URL(site.url).origin,
      ...(quotaSize !== undefined && { quotaSize }),
    });

  it("says that it is full, trains on, and stores again when there is room; a reload finds what was stored", async () => {
    const visitor = await visit(site.browser, site.url);
    const { page, see, press, until, figure, reload, context } = visitor;
    const cdp = await page.createCDPSession();
    await trainOnSmallWorld(visitor, "cpu", "10");
    await until(isSavedBeyond, 0);
    await setQuota(cdp, 1);
    await see("The browser gives this page no more storage. The run goes on, and the page tries again");
    const kept = await page.evaluate(savedStep);
    await until(isBeyond, Number((await figure("step")).replaceAll(",", "")));
    expect(await page.evaluate(savedStep)).toBe(kept);

    await reload();
    await see("Continue");
    expect(Number((await figure("step")).replaceAll(",", ""))).toBe(kept);
    await press("Continue");
    await see("The browser gives this page no more storage");
    await setQuota(cdp);
    await see("The browser stores checkpoints again.");
    await until(isSavedBeyond, kept);
    await press("Pause");
    await see("Continue");
    await context.close();
  }, 400_000);

  it("trains without any from the start if there never was room", async () => {
    const visitor = await visit(site.browser, site.url);
    const { page, see, press, until, context } = visitor;
    await setQuota(await page.createCDPSession(), 1);
    await trainOnSmallWorld(visitor, "cpu", "5");
    await see("The browser gives this page no more storage. The run goes on");
    await until(hasGuesses);
    await press("Pause");
    await see("Download the model");
    await context.close();
  }, 240_000);

  it("writes the whole run again when somebody clears the storage, and a reload finds it", async () => {
    const visitor = await visit(site.browser, site.url);
    const { page, see, press, until, figure, reload, context } = visitor;
    await trainOnSmallWorld(visitor, "cpu", "10");
    await until(isSavedBeyond, 0);
    await page.evaluate(async () => {
      await (await navigator.storage.getDirectory()).removeEntry("run", { recursive: true });
    });
    await until(isSavedBeyond, await page.evaluate(savedStep));
    await press("Pause");
    await see("Continue");
    const step = await figure("step");
    await reload();
    await see("Continue");
    expect(await figure("step")).toBe(step);
    await press("Continue");
    await until(hasGuesses);
    await context.close();
  }, 240_000);
});
