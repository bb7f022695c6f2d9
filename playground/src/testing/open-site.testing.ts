import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll } from "vitest";
import { buildSite, serveFolder } from "./site.testing.ts";
import { openBrowser } from "./visitor.testing.ts";

interface OpenSite {
  browser: Browser;
  /** Of the built page. */
  folder: string;
  url: string;
}

/** The page on a host of its own, and a browser, for all tests of a file: filled in before the first of them. */
export const openSite = (): OpenSite => {
  const open = {} as OpenSite;
  let site: Awaited<ReturnType<typeof buildSite>> | undefined;
  let host: Awaited<ReturnType<typeof serveFolder>> | undefined;
  beforeAll(async () => {
    site = await buildSite();
    host = await serveFolder(site.folder);
    Object.assign(open, { folder: site.folder, url: host.url, browser: await openBrowser() });
  }, 240_000);
  afterAll(async () => {
    await open.browser?.close();
    await host?.close();
    site?.dispose();
  });
  return open;
};
