import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readManifest } from "./manifest.ts";
import { verifyPreparedSet } from "./open-prepared-set.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "packer-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A program that prepares so many tokens, sorted, and prints how much memory it took at its peak. */
const program = (entry: string) => `
import { writePreparedSet } from ${JSON.stringify(entry)};
const [folder, tokens, memoryBytes, order] = process.argv.slice(2);
const pool = Uint16Array.from({ length: 2 ** 20 }, (_, i) => Math.imul(i, 2654435761) >>> 17);
function* documents() {
  for (let made = 0, i = 0; made < Number(tokens); i++) {
    const start = (Math.imul(i, 40503) >>> 0) % 1000000;
    const document = pool.subarray(start, start + 20 + (i % 977));
    made += document.length;
    yield document;
  }
}
await writePreparedSet(folder, documents(), {
  seqLength: 128, vocabSize: 32768, separatorId: 3, rowsPerShard: 65536, memoryBytes: Number(memoryBytes), order: JSON.parse(order),
});
console.log(process.resourceUsage().maxRSS * 1024);
`;

const prepare = async (folder: string, tokens: number, memoryBytes: number, order: unknown): Promise<ChildProcess> => {
  const file = join(root, "prepare.mts");
  await writeFile(file, program(resolve("packages/packer/src/node/index.ts")));
  const args = ["--import", "tsx", file, folder, String(tokens), String(memoryBytes), JSON.stringify(order)];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
};

const peakBytes = async (name: string, tokens: number, memoryBytes: number, order: unknown): Promise<number> => {
  const child = await prepare(join(root, name), tokens, memoryBytes, order);
  let output = "";
  child.stdout!.on("data", (text) => {
    output += text;
  });
  await once(child, "exit");
  return Number(output);
};

describe("writePreparedSet at size", () => {
  it.each([[{ by: "token-count", tokenId: 17 }], [{ by: "unigram" }]])(
    "sorts %j in memory that does not grow with the set",
    async (order) => {
      const MiB = 2 ** 20;
      const small = await peakBytes("small", 2 ** 27, 64 * MiB, order); // 256 MiB on disk
      const large = await peakBytes("large", 2 ** 29, 64 * MiB, order); // 1 GiB
      console.log(`peak: ${(small / MiB).toFixed(0)} MiB for 256 MiB, ${(large / MiB).toFixed(0)} MiB for 1 GiB`);
      expect(small).toBeGreaterThan(64 * MiB);
      expect(large).toBeLessThan(small + 64 * MiB);
      expect(large).toBeLessThan(400 * MiB);
      expect((await verifyPreparedSet(join(root, "large"))).counts.tokens).toBeGreaterThan(2 ** 29 - 128);
    },
  );

  it.each(["as-is", { by: "unigram" }])("of order %j survives being killed at any time", async (order) => {
    const tokens = 2 ** 25;
    const memory = 2 ** 23;
    await peakBytes("whole", tokens, memory, order);
    const whole = await verifyPreparedSet(join(root, "whole"));
    const folder = join(root, "killed");
    let kills = 0;
    for (let wait = 500; !(await readManifest(folder)); wait += 60) {
      const child = await prepare(folder, tokens, memory, order);
      const exit = once(child, "exit");
      const timer = setTimeout(() => child.kill("SIGKILL"), wait);
      if ((await exit)[1] === "SIGKILL") kills++;
      clearTimeout(timer);
    }
    console.log(`killed ${kills} times`);
    expect(kills).toBeGreaterThan(1);
    expect(await verifyPreparedSet(folder)).toEqual(whole);
    expect((await readdir(folder)).sort()).toEqual((await readdir(join(root, "whole"))).sort());
  });
});
