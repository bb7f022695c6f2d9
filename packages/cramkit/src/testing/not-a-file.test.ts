import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runProgram } from "../main.ts";
import { createProgram } from "../program.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cramkit-not-a-file-"));
  if (process.platform === "win32") return;
  execFileSync("mkfifo", [join(folder, "pipe.json")]);
  symlinkSync("/dev/zero", join(folder, "device.json"));
  mkdirSync(join(folder, "folder.json"));
  writeFileSync(join(folder, "utf16.json"), Buffer.from("\ufeff{}", "utf16le"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const commands: readonly (readonly string[])[] = [
  ["run"],
  ["sweep", "--plan"],
  ["init", "never.json", "--extends"],
  ["tokenizer", "encode"],
  ["verify"],
  ["search"],
  ["recipes"],
];

const said = async (args: readonly string[]): Promise<string> => {
  const lines: string[] = [];
  expect(await runProgram(createProgram(), args, (line) => lines.push(line))).toBe(1);
  expect(lines).toHaveLength(1);
  return lines[0]!;
};

it.skipIf(process.platform === "win32").each(commands)(
  "%s %s waits for no pipe, and reads no device",
  async (...command) => {
    const rest = command[0] === "tokenizer" || command[0] === "search" ? ["text"] : [];
    for (const [name, expected] of [
      ["pipe.json", /pipe\.json: .*expected a file, got a pipe/],
      ["device.json", /device\.json: .*expected a file, got a device/],
      ["folder.json", /folder\.json: .*expected a file, got a folder/],
    ] as const)
      expect(await said([...command, join(folder, name), ...rest])).toMatch(expected);
  },
);

it.skipIf(process.platform === "win32")("says what text is that cannot be read twice", async () => {
  for (const command of [
    ["prepare", "smoke", "--data", join(folder, "data"), "--text"],
    ["tokenizer", "train", "--out", join(folder, "out.json")],
  ])
    expect(await said([...command, join(folder, "pipe.json")])).toMatch(
      /pipe\.json: expected a file or a folder, got a pipe/,
    );
});

it("names the encoding of settings that are not UTF-8", async () => {
  for (const command of [["run"], ["sweep", "--plan"]])
    expect(await said([...command, join(folder, "utf16.json")])).toMatch(/utf16\.json: expected UTF-8, got UTF-16/);
  expect(await said(["tokenizer", "encode", join(folder, "utf16.json"), "text"])).toMatch(/got UTF-16/);
});
