import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partialPath } from "@cramkit/files";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RowOrder } from "../row-order.ts";
import { type PrepareOptions, writePreparedSet } from "./write-prepared-set.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "packer-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const documents = Array.from({ length: 40 }, (_, d) =>
  Array.from({ length: (d * 13) % 57 }, (_, i) => 2 + ((i * d) % 18)),
);
const base: PrepareOptions = { seqLength: 8, vocabSize: 20, separatorId: 1, rowsPerShard: 10, memoryBytes: 1000 };
const orders: RowOrder[] = ["as-is", "shuffled", { by: "token-count", tokenId: 5 }, { by: "unigram" }];

const contents = async (folder: string): Promise<Record<string, string>> => {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString("hex")])),
  );
};

async function* failingAt(stop: number, from = 0) {
  for (const [i, document] of documents.entries()) {
    if (i === stop) throw new Error("power cut");
    if (i >= from) yield document;
  }
}

/** Stops a preparation after so many reports of progress. */
const stopAfter = (reports: number): Pick<PrepareOptions, "onProgress" | "signal"> => {
  const abort = new AbortController();
  return { signal: abort.signal, onProgress: () => --reports <= 0 && abort.abort(new Error("power cut")) };
};

describe("an interrupted preparation", () => {
  it.each(orders)("of order %j goes on after its last finished file and gives the same bytes", async (order) => {
    const options = { ...base, order };
    await writePreparedSet(join(root, "whole"), documents, options);
    const whole = await contents(join(root, "whole"));
    for (let stop = 1; ; stop += 7) {
      const folder = join(root, `stopped-${stop}`);
      const stopped = await writePreparedSet(folder, documents, { ...options, ...stopAfter(stop) }).then(
        () => false,
        (error) => {
          expect(error.message).toBe("power cut");
          return true;
        },
      );
      if (!stopped) break;
      const leftovers = (await readdir(folder, { recursive: true })).filter((name) => name.includes(".partial-"));
      expect(leftovers).toEqual([]);
      await writePreparedSet(folder, documents, options);
      expect(await contents(folder)).toEqual(whole);
    }
  });

  it("goes on with another memory, also where rows have gone into shards already", async () => {
    const options: PrepareOptions = { ...base, order: "shuffled", memoryBytes: 1500 };
    await writePreparedSet(join(root, "whole"), documents, options);
    const whole = await contents(join(root, "whole"));
    const shards = new Set<number>();
    for (const stop of [10, 16, 19, 22])
      for (const memoryBytes of [500, 10_000]) {
        const folder = join(root, `${stop}-${memoryBytes}`);
        const stopped = writePreparedSet(folder, documents, { ...options, ...stopAfter(stop) });
        await expect(stopped).rejects.toThrow("power cut");
        shards.add((await readdir(folder)).filter((name) => name.startsWith("shard-")).length);
        await writePreparedSet(folder, documents, { ...options, memoryBytes });
        expect(await contents(folder)).toEqual(whole);
      }
    expect(shards.size).toBeGreaterThan(2);
  });

  it("is refused when a version with other random numbers began it", async () => {
    const folder = join(root, "older");
    const stopped = writePreparedSet(folder, documents, { ...base, ...stopAfter(9) });
    await expect(stopped).rejects.toThrow("power cut");
    const file = join(folder, "preparing", "state.json");
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, "utf8")), version: 1 }));
    await expect(writePreparedSet(folder, documents, base)).rejects.toThrow(
      /of version 2, got one of version 1; prepare in another folder, or finish this one with the version that began it/,
    );
  });

  it("survives failing documents again and again, and asks for no earlier document", async () => {
    await writePreparedSet(join(root, "whole"), documents, base);
    const folder = join(root, "failing");
    const asked: number[] = [];
    for (let stop = 5; stop <= 40; stop += 5) {
      const source = (from: number) => {
        asked.push(from);
        return failingAt(stop, from);
      };
      const done = writePreparedSet(folder, source, base);
      if (stop < 40) await expect(done).rejects.toThrow("power cut");
      else await done;
    }
    expect(await contents(folder)).toEqual(await contents(join(root, "whole")));
    expect(asked[0]).toBe(0);
    expect(asked.at(-1)).toBeGreaterThan(25);
  });

  it.each(["as-is", "shuffled"] as const)(
    "of order %s keeps notes about exactly the documents that lie before",
    async (order) => {
      const total = documents.reduce((sum, { length }) => sum + length, 0);
      const resumedFrom = new Set<number>();
      for (let stop = 1; ; stop += 9) {
        const folder = join(root, `noted-${stop}`);
        const write = (limits: Partial<PrepareOptions>) => {
          let noted = { documents: 0, tokens: 0 };
          return writePreparedSet(
            folder,
            async function* (from, notes) {
              if (notes) noted = notes as typeof noted;
              expect(noted.documents).toBe(from);
              resumedFrom.add(from);
              for (const document of documents.slice(from)) {
                yield document;
                noted.documents++;
                noted.tokens += document.length;
              }
            },
            { ...base, order, ...limits, notes: () => noted, report: (notes) => notes },
          );
        };
        const isDone = await write(stopAfter(stop)).then(
          () => true,
          () => false,
        );
        const { report } = await write({});
        expect(report).toEqual({ documents: documents.length, tokens: total });
        if (isDone) break;
      }
      expect(resumedFrom.size).toBeGreaterThan(1);
    },
  );

  it.skipIf(process.platform !== "linux")(
    "keeps what is finished when the disk is full, and names the file",
    async () => {
      const folder = join(root, "full");
      async function* filling() {
        // The device that is always full takes the place of the third shard.
        await symlink("/dev/full", join(folder, "shard-00002.bin"));
        yield* documents;
      }
      await expect(writePreparedSet(folder, filling(), base)).rejects.toThrow(
        /shard-00002\.bin: the disk is full \(ENOSPC\); free some space/,
      );
      await rm(join(folder, "shard-00002.bin"));
      expect((await readdir(folder)).sort()).toEqual(["preparing", "shard-00000.bin", "shard-00001.bin"]);
      await writePreparedSet(folder, documents, base);
      await writePreparedSet(join(root, "whole"), documents, base);
      expect(await contents(folder)).toEqual(await contents(join(root, "whole")));
    },
  );

  it("is not continued with another configuration, nor over damaged files", async () => {
    const folder = join(root, "other");
    await expect(writePreparedSet(folder, failingAt(30), base)).rejects.toThrow("power cut");
    await expect(writePreparedSet(folder, documents, { ...base, seqLength: 4 })).rejects.toThrow("unfinished");
    await rm(join(folder, "shard-00001.bin"));
    await expect(writePreparedSet(folder, documents, base)).rejects.toThrow(/shard-00001\.bin: expected 160 bytes/);
  });

  it.each([
    ["runs", "shuffled"],
    ["shards", "as-is"],
  ] as const)("touches no file outside that its %s name", async (list, order) => {
    const victim = join(root, "victim.txt");
    await writeFile(victim, "mine");
    const folder = join(root, "set");
    const options = { ...base, order };
    await expect(writePreparedSet(folder, documents, { ...options, ...stopAfter(9) })).rejects.toThrow("power cut");
    const file = join(folder, "preparing", "state.json");
    const state = JSON.parse(await readFile(file, "utf8"));
    expect(state[list].length).toBeGreaterThan(0);
    for (const name of ["../../victim.txt", victim, "..\\victim.txt", 7]) {
      state[list][0].file = name;
      await writeFile(file, JSON.stringify(state));
      const error = await writePreparedSet(folder, documents, options).catch((failure) => failure);
      expect(error).toMatchObject({ code: "damaged-file", place: file });
      expect(await readFile(victim, "utf8")).toBe("mine");
    }
  });

  it("removes what a kill between the manifest and the clean-up left, and half-written files", async () => {
    const folder = join(root, "set");
    await writePreparedSet(folder, documents, base);
    const whole = await contents(folder);
    await mkdir(join(folder, "preparing"));
    await writeFile(join(folder, "preparing", "state.json"), "{}");
    const dead = partialPath(join(folder, "shard-00000.bin")).replace(/-\d+-\d+-(\d+)$/, "-4194305-1-$1");
    await writeFile(dead, "");
    await writePreparedSet(folder, documents, base);
    expect(await contents(folder)).toEqual(whole);
  });
});
