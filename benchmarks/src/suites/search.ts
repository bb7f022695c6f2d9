import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fillNormal, streamKey } from "@cramkit/random";
import {
  openApproximateIndex,
  openVectors,
  type VectorFile,
  type VectorOfRow,
  writeVectorFile,
} from "@cramkit/recipes";
import type { Suite, SuiteContext } from "../measure/suite.ts";

const dimension = 256;
/** What the vectors vary in: those of texts fill a small part of their space. */
const latent = 32;
const groups = 200;
const top = 10;

/** Vectors of length 1 around `groups` centers in a space of `latent` dimensions, with noise in all of them. */
const clustered = function* (name: string, count: number): Generator<Float32Array> {
  const [basis, centers] = [new Float32Array(latent * dimension), new Float32Array(groups * latent)];
  fillNormal(streamKey(1, "basis"), basis);
  fillNormal(streamKey(1, "centers"), centers);
  const [own, noise] = [new Float32Array(latent), new Float32Array(dimension)];
  for (let i = 0; i < count; i++) {
    fillNormal(streamKey(1, `${name} ${i}`), own);
    fillNormal(streamKey(1, `${name} noise ${i}`), noise);
    const vector = new Float32Array(dimension);
    const center = (i * 7919) % groups;
    for (let j = 0; j < latent; j++) {
      const weight = centers[center * latent + j]! + 0.6 * own[j]!;
      for (let k = 0; k < dimension; k++) vector[k]! += weight * basis[j * dimension + k]!;
    }
    for (let k = 0; k < dimension; k++) vector[k]! += noise[k]!;
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    yield vector.map((value) => value / length);
  }
};

const rowsOf = function* (vectors: Iterable<Float32Array>): Generator<VectorOfRow> {
  let row = 0;
  for (const vector of vectors) yield { text: `text ${row++}`, vector };
};

/** 200 vectors of a file, from all over it. */
const rowsIn = async (path: string): Promise<Float32Array[]> => {
  const file = await openVectors(path);
  const rows = Array.from({ length: 200 }, (_, i) => (i * 7919) % file.count);
  const vectors = await Promise.all(rows.map((row) => file.vectors(row, row + 1)));
  await file.close();
  return vectors;
};

/** Queries a second of the exact search and of the approximate one; its error is 1 - recall@10. */
const measureSearch = async ({ measure, emit, fail, options }: SuiteContext, vectors: VectorFile, shape: string) => {
  const queries = options.vectors ? await rowsIn(options.queries ?? options.vectors) : [...clustered("query", 200)];
  let next = 0;
  const query = () => queries[next++ % queries.length]!;
  const contestants = [{ provider: "exact, from the file", work: 1, run: () => vectors.nearest(query(), { top }) }];
  try {
    const startedAt = performance.now();
    const index = await openApproximateIndex(vectors);
    const ms = performance.now() - startedAt;
    const once = { p20: ms, p50: ms, p80: ms };
    emit({
      ...{ kind: "measurement", suite: "search", case: "build the graph, one thread", mode: "", provider: "usearch" },
      ...{
        backend: "host",
        precision: "-",
        shape,
        unit: "ms",
        value: once,
        ms: once,
        samples: 1,
        clock: "host",
        load: loadavg()[0]!,
      },
    });
    const missed = async () => {
      let found = 0;
      for (const query of queries) {
        const near = new Set((await index.nearest(query, { top })).map(({ text }) => text));
        for (const { text } of await vectors.nearest(query, { top })) if (near.has(text)) found++;
      }
      return 1 - found / (queries.length * top);
    };
    const run = () => index.nearest(query(), { top });
    contestants.push({ ...{ provider: "approximate, usearch", work: 1, run }, ...{ check: missed, tolerance: 0.1 } });
  } catch (error) {
    fail("search", "usearch", error);
  }
  await measure({ case: "a query", shape, unit: "queries/s", backend: "host", contestants });
};

export const searchSuite: Suite = {
  name: "search",
  describes: "a query among vectors: exact, and by a graph: queries/s, error 1 - recall@10",
  hasShapes: false,
  async run(context) {
    const { options } = context;
    if (options.vectors) {
      const vectors = await openVectors(options.vectors);
      try {
        await measureSearch(context, vectors, `${vectors.count} x ${vectors.dimension} of ${options.vectors}`);
      } finally {
        await vectors.close();
      }
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), "cramkit-bench-search-"));
    try {
      for (const count of options.quick ? [2000] : [1000, 10_000, 100_000]) {
        const path = join(folder, `${count}.safetensors`);
        const items = rowsOf(clustered("item", count));
        await writeVectorFile(path, items, { model: ".", digest: "none", pooling: "mean", maxLength: 128 });
        const vectors = await openVectors(path);
        await measureSearch(context, vectors, `${count} x ${dimension}, synthetic`);
        await vectors.close();
        await rm(path);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
