import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillNormal, streamKey } from "@cramkit/random";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApproximateIndexOptions, openApproximateIndex } from "./approximate-index.ts";
import { loadUsearch } from "./load-usearch.ts";
import { openVectors, type VectorFile } from "./open-vectors.ts";
import { writeVectorFile } from "./write-vector-file.ts";

const [count, dimension] = [3000, 48];

/** Vectors of length 1 around 30 centers, as texts about 30 things have them; some stand there twice. */
const clustered = (name: string, count: number): Float32Array[] => {
  const centers = new Float32Array(30 * dimension);
  const noise = new Float32Array(count * dimension);
  fillNormal(streamKey(1, "centers"), centers);
  fillNormal(streamKey(1, name), noise);
  return Array.from({ length: count }, (_, i) => {
    const row = i % 100 === 99 ? i - 1 : i;
    const values = Float32Array.from({ length: dimension }, (_, k) => {
      return centers[(row % 30) * dimension + k]! + 0.7 * noise[row * dimension + k]!;
    });
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  });
};
const origin = { model: ".", digest: "d", pooling: "mean", maxLength: 32 } as const;
const folder = mkdtempSync(join(tmpdir(), "cramkit-approximate-"));
const path = join(folder, "vectors.safetensors");
const graphFolder = `${path}.approximate`;
const write = (vectors: readonly Float32Array[], to = path) =>
  writeVectorFile(
    to,
    vectors.map((vector, i) => ({ text: `text ${i}`, vector })),
    origin,
  );

let vectors: VectorFile;
beforeAll(async () => {
  await write(clustered("items", count));
  vectors = await openVectors(path);
});
afterAll(async () => {
  await vectors.close();
  rmSync(folder, { recursive: true });
});

/** Opens the index, and says whether it was built. */
const open = async (of = vectors, options: ApproximateIndexOptions = {}) => {
  let built = 0;
  const index = await openApproximateIndex(of, { ...options, onBuild: () => built++ });
  return { index, built };
};
const graph = () => readFileSync(join(graphFolder, "graph.usearch"));

describe("an approximate index", () => {
  it("finds nearly all that the exact search finds, with its scores to the last bit", async () => {
    const { index } = await open();
    let found = 0;
    for (const query of clustered("queries", 50)) {
      const exact = await vectors.nearest(query);
      const near = await index.nearest(query);
      expect(near).toHaveLength(10);
      expect(near.map(({ score }) => score)).toEqual(near.map(({ score }) => score).sort((a, b) => b - a));
      const scores = new Map(exact.map(({ text, score }) => [text, score]));
      for (const { text, score } of near) {
        if (!scores.has(text)) continue;
        found++;
        expect(score).toBe(scores.get(text));
      }
    }
    expect(found / 500).toBeGreaterThan(0.98);
  });

  it("finds all if as many are wanted as there are, or more", async () => {
    const { index } = await open();
    const [query] = clustered("queries", 1);
    for (const top of [count - 1, count, count + 5])
      expect(await index.nearest(query!, { top })).toEqual(await vectors.nearest(query!, { top }));
  });

  it("is built once, the same each time, and anew if it is damaged", async () => {
    await open();
    const bytes = graph();
    expect((await open()).built).toBe(0);
    const harm: (() => void)[] = [
      () => truncateSync(join(graphFolder, "graph.usearch"), 100),
      () => writeFileSync(join(graphFolder, "graph.usearch"), bytes.with(bytes.length - 40, 255 - bytes.at(-40)!)),
      () => writeFileSync(join(graphFolder, "graph.json"), "{"),
      () => rmSync(join(graphFolder, "graph.json")),
      () => rmSync(graphFolder, { recursive: true }),
    ];
    for (const spoil of harm) {
      spoil();
      expect((await open()).built, String(spoil)).toBe(1);
      expect(graph().equals(bytes)).toBe(true);
    }
    expect(readdirSync(folder).sort()).toEqual(["vectors.safetensors", "vectors.safetensors.approximate"]);
  });

  it("is built anew for other vectors of the same shape", async () => {
    const other = join(folder, "other.safetensors");
    await write(clustered("items", 200), other);
    let file = await openVectors(other);
    await open(file);
    await file.close();
    await write(clustered("others", 200), other);
    file = await openVectors(other);
    expect((await open(file)).built).toBe(1);
    await file.close();
  });

  it("tells how far it is, and leaves nothing if it is stopped", async () => {
    const lone = join(folder, "lone.safetensors");
    await write(clustered("items", 900), lone);
    const file = await openVectors(lone);
    const stop = new AbortController();
    const told: number[] = [];
    const onVector = (done: number) => {
      told.push(done);
      stop.abort();
    };
    await expect(open(file, { onVector, signal: stop.signal })).rejects.toThrow("stopped while building the index");
    expect(told).toEqual([256]);
    expect(existsSync(`${lone}.approximate`)).toBe(false);
    await file.close();
  });

  it("refuses a query that another model has made", async () => {
    const { index } = await open();
    for (const search of [index, vectors])
      await expect(search.nearest(new Float32Array(dimension + 1))).rejects.toThrow(
        /vectors\.safetensors: expected a query of 48 numbers, as these vectors have, got 49; embed the query with the model/,
      );
  });
});

it.each([
  ["none", { code: "ERR_MODULE_NOT_FOUND" }, "`npm install usearch` installs it"],
  ["No native build was found", {}, "the exact search runs everywhere"],
])("says what to do if usearch does not load: %s", async (message, code, remedy) => {
  const failing = () => Promise.reject(Object.assign(new Error(message), code));
  const error = await loadUsearch(failing).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: "unsupported", remedy: expect.stringContaining(remedy) });
  expect((error as Error).message).toContain(`expected the package usearch beside cramkit, got ${message}`);
});

it("refuses vectors of different lengths in one file", async () => {
  const mixed = [new Float32Array(4).fill(0.5), new Float32Array(3)];
  await expect(write(mixed, join(folder, "mixed.safetensors"))).rejects.toThrow(
    /expected vectors of 4 numbers, as the first has, got 3 in number 2/,
  );
});
