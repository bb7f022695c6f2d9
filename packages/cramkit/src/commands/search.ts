import { dirname, join } from "node:path";
import { fault, hasCode } from "@cramkit/errors";
import { disposeTensors, embed } from "@cramkit/finetune";
import {
  type ApproximateIndex,
  openApproximateIndex,
  openEmbeddingModel,
  openVectors,
  type RunContext,
  requireSameModel,
  startCompute,
  type VectorFile,
} from "@cramkit/recipes";
import { Command } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { linesOfInput } from "../options/standard-input.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { print } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";

interface SearchOptions extends BackendOptions {
  readonly model?: string;
  readonly top: number;
  readonly approximate?: boolean;
  readonly json?: boolean;
}

export const searchCommand = (): Command =>
  withBackend(
    new Command("search")
      .description("find the texts nearest to a query, by inner products of their vectors")
      .argument("<index>", "file that embed wrote")
      .argument("[query]", "what to look for (default: standard input, a query a line)")
      .option("--top <count>", "texts to show", wholeNumber(1, 1e6), 10)
      .option(
        "--approximate",
        "look through a graph of the vectors, built once beside them; for many queries (needs npm's usearch)",
      )
      .option("--model <folder>", "the model that made the vectors (default: the path recorded in the index)")
      .option("--json", "print one line of JSON per query"),
  ).action(async (path: string, query: string | undefined, options: SearchOptions) => {
    if (query?.trim() === "")
      throw fault({
        code: "invalid-argument",
        place: "query",
        problem: "expected a text to look for, got an empty one",
        remedy: "give one, or leave it out and write queries to standard input, one a line",
      });
    const vectors = await openVectors(path);
    try {
      const compute = await startCompute(backendOf(options), options);
      try {
        await answer(vectors, { path, query, options });
      } finally {
        await compute.dispose();
      }
    } finally {
      await vectors.close();
    }
  });

const answer = async (
  vectors: VectorFile,
  { path, query, options }: { path: string; query: string | undefined; options: SearchOptions },
): Promise<void> => {
  const modelPath = options.model ?? join(dirname(path), vectors.origin.model);
  const opened = await openEmbeddingModel(modelPath).catch((error: unknown) => {
    if (options.model !== undefined || !hasCode(error, "not-found")) throw error;
    throw fault({
      code: "not-found",
      place: path,
      problem: `expected the model of these vectors in ${modelPath}, found none`,
      remedy: "say with --model where it is now",
      cause: error,
    });
  });
  try {
    const model = requireSameModel(opened, vectors, { file: path, modelPath });
    await session(async ({ onProgress, say, signal }) => {
      const queries = query === undefined ? linesOfInput({ signal }) : [{ text: query, place: "the query" }];
      const index = options.approximate ? await openGraph(vectors, { onProgress, say, signal }) : vectors;
      // One at a time: who asks waits for the answer.
      for await (const { text, vector, cut } of embed(model, queries, { window: 1, pooling: model.pooling, signal })) {
        if (cut > 0)
          say(`the query has ${cut} tokens more than the ${model.maxLength} of the longest text; they were cut`);
        const found = await index.nearest(vector, { top: options.top });
        if (options.json) {
          print(JSON.stringify({ query: text, found }));
          continue;
        }
        if (query === undefined) print(`${text}:`);
        for (const one of found)
          print(`${one.score.toFixed(4)}  ${one.id === undefined ? "" : `${one.id}  `}${one.text}`);
      }
    }, "finishing the query");
  } finally {
    disposeTensors(opened.params);
  }
};

const openGraph = (
  vectors: VectorFile,
  { onProgress, say, signal }: Pick<RunContext, "onProgress" | "say" | "signal">,
): Promise<ApproximateIndex> =>
  openApproximateIndex(vectors, {
    onBuild: () => say(`building ${vectors.path}.approximate, once for these vectors`),
    onVector: (done) => onProgress({ stage: "building", done, total: vectors.count, unit: "vectors" }),
    signal,
  });
