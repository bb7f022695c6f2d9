import { safetensorsChunks } from "@cramkit/checkpoint";
import { hasCode } from "@cramkit/errors";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Disk, folderInMemory } from "../testing/folder-in-memory.testing.ts";
import { prepareText, type Rows } from "./prepare-text.ts";
import { openRunFolder, type RunFolder, type StoredRun } from "./run-folder.ts";

const text = Array.from({ length: 400 }, (_, i) => `The ${["cat", "dog"][i % 2]} sat on mat ${i}.`).join("\n");
let rows: Rows;
let run: StoredRun;
let disk: Disk;
let folder: RunFolder;

beforeAll(async () => {
  rows = await prepareText(text, () => {});
  run = { settings: { size: "tiny", minutes: 1, device: "cpu" }, text: { name: "cats", characters: 1 }, rows };
});
beforeEach(() => {
  disk = folderInMemory();
  folder = openRunFolder(async () => disk.root);
});

/** A checkpoint of some 4 kB without tensors. */
const checkpoint = (step: number) => () =>
  safetensorsChunks([], {
    metadata: {
      standing: JSON.stringify({ progress: { step }, cursor: null, optimizer: {}, filling: "x".repeat(4000) }),
    },
  });
const save = (step: number) => folder.save(step, checkpoint(step));
/** What a reload finds. */
const found = async () => {
  const later = openRunFolder(async () => disk.root);
  const stored = await later.open();
  return {
    step: (await later.latest())?.snapshot.progress.step,
    minutes: stored?.settings.minutes,
    rows: stored?.rows,
  };
};

describe("a run in the browser's storage", () => {
  it("comes back with its newest checkpoint, and keeps two", async () => {
    await folder.begin(run);
    for (const step of [1, 2, 3]) await save(step);
    expect(await found()).toMatchObject({ step: 3, minutes: 1, rows: { training: rows.training } });
    expect(disk.names().filter((name) => name.endsWith(".safetensors"))).toEqual([
      "step-2.safetensors",
      "step-3.safetensors",
    ]);
  });

  it("gives the older checkpoint for a new one if the storage is full", async () => {
    await folder.begin(run);
    for (const step of [1, 2]) await save(step);
    disk.quota = disk.used() + 100;
    await save(3);
    expect((await found()).step).toBe(3);
  });

  it.each(["QuotaExceededError", "NoModificationAllowedError", "InvalidStateError"])(
    "keeps the last checkpoint if the storage takes no more (%s), and writes again once it does",
    async (name) => {
      await folder.begin(run);
      for (const step of [1, 2]) await save(step);
      disk.refusal = name;
      const error = await save(3).catch((one: unknown) => one);
      expect(hasCode(error, "disk-full")).toBe(name === "QuotaExceededError");
      expect((await found()).step).toBe(2);
      disk.refusal = undefined;
      await save(4);
      expect((await found()).step).toBe(4);
    },
  );

  it.each([10, 1000])("stores the run with a checkpoint if its beginning had %i bytes", async (quota) => {
    disk.quota = quota;
    await expect(folder.begin(run)).rejects.toThrow("the browser gives this page no more storage");
    await expect(save(0)).rejects.toThrow("no more storage");
    disk.quota = Number.POSITIVE_INFINITY;
    await save(5);
    expect(await found()).toMatchObject({ step: 5, minutes: 1, rows: { training: rows.training } });
  });

  it("stores the whole run again after somebody cleared the storage, with the minutes it has now", async () => {
    await folder.begin(run);
    await save(1);
    await folder.change({ ...run.settings, minutes: 7 }, run.text);
    await disk.root.removeEntry("run");
    await save(2);
    expect(await found()).toMatchObject({ step: 2, minutes: 7, rows: { heldOut: rows.heldOut } });
  });

  it("names what is missing of a run that cannot be read, and what to do", async () => {
    await folder.begin(run);
    await save(1);
    await (await disk.root.getDirectoryHandle("run")).removeEntry("training.bin");
    await expect(openRunFolder(async () => disk.root).open()).rejects.toMatchObject({
      code: "damaged-file",
      problem: expect.stringContaining("training.bin"),
      remedy: "choose a text; a new run takes its place",
    });
    await folder.begin(run);
    await save(1);
    expect((await found()).step).toBe(1);
  });
});
