import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "../../collect.ts";
import { type FileDocumentsOptions, fileDocuments } from "./files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-encodings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const texts = async (options: FileDocumentsOptions): Promise<string[]> =>
  (await collect(fileDocuments(options))).map(({ text }) => text);

describe("textBytes", () => {
  it("tells UTF-32 from UTF-16, which no setting reads", async () => {
    for (const bytes of [
      [0xff, 0xfe, 0, 0, 0x61, 0, 0, 0],
      [0, 0, 0xfe, 0xff, 0, 0, 0, 0x61],
      [0xff, 0xfe, 0, 0],
    ])
      await expect(texts({ path: write("wider.txt", Buffer.from(bytes)) })).rejects.toThrow(
        /byte 0: expected UTF-8, got UTF-32 by the byte order mark; convert the file, for example with "iconv -f UTF-32/,
      );
  });

  it("says what to do with UTF-16", async () => {
    for (const [name, text] of [
      ["wide.jsonl", '{"text": "a"}'],
      ["wide.json", '["a"]'],
      ["wide.csv", "text\na"],
      ["wide.txt", "a"],
      ["wide.txt.gz", "a"],
    ] as const) {
      const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
      const path = write(name, name.endsWith(".gz") ? gzipSync(bytes) : bytes);
      await expect(texts({ path })).rejects.toThrow(
        /wide.*, byte 0: expected UTF-8, got UTF-16 .*; set encoding to "utf-16le" or convert the file/,
      );
    }
  });

  it("tells UTF-16 without a mark by its zeros, and does not take other text for it", async () => {
    const text = "Every other byte of this is zero. \u0416 \u4e2d";
    const [little, big] = [Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16()];
    for (const [bytes, encoding] of [
      [little, "utf-16le"],
      [big, "utf-16be"],
    ] as const) {
      const path = write("unmarked.txt", bytes);
      await expect(texts({ path })).rejects.toMatchObject({
        problem: "expected UTF-8, got what looks like UTF-16 without a byte order mark",
        details: { option: ["encoding", "onBrokenFile"] },
      });
      expect(await texts({ path, encoding })).toEqual([text]);
    }
    for (const zeros of ["\0".repeat(100), "a\0\0b".repeat(30), `${"a\0".repeat(9)}${"b".repeat(400)}`])
      expect(await texts({ path: write("zeros.txt", zeros) })).toEqual([zeros]);
  });
});
