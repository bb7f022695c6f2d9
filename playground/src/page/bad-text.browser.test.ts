import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openSite } from "../testing/open-site.testing.ts";
import { browserCommand, smallWorld, visit } from "../testing/visitor.testing.ts";

const pdf = `%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n${"0000000015 00000 n\n".repeat(400)}`;
const png = Uint8Array.from({ length: 20_000 }, (_, i) => (i < 4 ? [0x89, 0x50, 0x4e, 0x47][i]! : (i * 7919) % 256));
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");
const sentence = "One short sentence about a cat, and a dog, and a day.";

/** A file, and what the page says of it. */
const refused: [name: string, content: string | Uint8Array, said: string][] = [
  ["paper.pdf", pdf, "Paper.pdf is a PDF, not plain text. Copy its text, and paste it here."],
  ["picture.png", png, "Picture.png is not text in UTF-8"],
  ["notepad.txt", utf16(smallWorld), "Notepad.txt is not text in UTF-8"],
  ["late.txt", Buffer.concat([Buffer.from(smallWorld.repeat(8)), png]), "Late.txt is not text in UTF-8"],
  ["empty.txt", "", "at least 4,000 characters to learn from, got 0"],
  ["blank.txt", " \n".repeat(9000), "at least 4,000 characters to learn from, got 0"],
  ["short.txt", sentence.slice(0, 50), "at least 4,000 characters to learn from, got 50"],
  ["one.txt", "a".repeat(20_000), "add more text, or take the sample"],
  ["stars.txt", "* ".repeat(20_000), "expected a text of many words"],
];

describe.runIf(browserCommand)("a text that nothing can be learned from", () => {
  const site = openSite();
  const folder = mkdtempSync(join(tmpdir(), "playground-text-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is refused in words, one after the other, and a good one is taken after them", async () => {
    const { page, see, open, context, errors } = await visit(site.browser, site.url);
    for (const [name, content, said] of refused) {
      const path = join(folder, name);
      writeFileSync(path, content);
      await open(path);
      await page
        .waitForFunction(
          (words) => {
            const text = document.querySelector(".failure")?.textContent ?? "";
            return text.toLowerCase().includes(words.toLowerCase());
          },
          { timeout: 60_000, polling: 100 },
          said,
        )
        .catch(() => undefined);
      const message = await page.evaluate(() => document.querySelector(".failure")?.textContent ?? "nothing");
      expect(message.toLowerCase(), name).toContain(said.toLowerCase());
    }
    const path = join(folder, "good.txt");
    writeFileSync(path, smallWorld);
    await open(path);
    await see("held out to test with");
    expect(await page.evaluate(() => document.querySelector(".failure"))).toBeNull();
    expect(errors).toEqual([]);
    await context.close();
  }, 400_000);
});
