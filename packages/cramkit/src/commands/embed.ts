import { disposeTensors } from "@cramkit/finetune";
import { type CheckpointChoice, openEmbeddingModel, startCompute, writeVectors } from "@cramkit/recipes";
import { Command } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { checkpointOption } from "../options/checkpoint-option.ts";
import { dialectOf, type TableOptions, withTable } from "../options/data-options.ts";
import { requireWritableFile } from "../options/require-writable-file.ts";
import { examplesFrom, requireTable } from "../options/standard-input.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { tell } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";
import { shellWord } from "../terminal/shell-word.ts";

interface EmbedOptions extends BackendOptions, TableOptions {
  readonly checkpoint?: CheckpointChoice;
  readonly data?: string;
  readonly id?: string;
  readonly out: string;
  readonly batchSize: number;
}

export const embedCommand = (): Command =>
  withBackend(
    withTable(
      new Command("embed")
        .description("turn texts into vectors, for search")
        .argument("<model>", "folder of a finetuning for embeddings; of any other model the tokens' mean is taken")
        .option(
          "--data <file>",
          "texts: .txt, CSV, TSV, JSONL, Parquet, hf:// (default: standard input, a text a line)",
        ),
    )
      .option("--id <column>", "column with an id, which search shows with the text")
      .requiredOption("--out <file>", "file of the vectors (safetensors), with the texts in it")
      .option("--batch-size <count>", "texts per batch", wholeNumber(1, 4096), 32)
      .option(...checkpointOption),
    "auto",
  ).action(async (path: string, options: EmbedOptions) => {
    const { data, out, batchSize, text, id } = options;
    const dialect = dialectOf(options);
    requireTable(data, { text, id, ...dialect });
    await requireWritableFile(out);
    const compute = await startCompute(backendOf(options), options);
    try {
      const model = await openEmbeddingModel(path, { checkpoint: options.checkpoint });
      try {
        await session(async ({ onProgress, say, signal }) => {
          if (!model.isFinetuned)
            say(`${path} was not finetuned for embeddings: the mean of its hidden states is taken`);
          const columns = { kind: "embedding", label: null, text, id, ...dialect } as const;
          const examples = examplesFrom(data, columns, { signal, say });
          const { count, dimension, cut } = await writeVectors(out, model, examples, {
            // A checkpoint that was chosen is found again by its own folder.
            modelPath: options.checkpoint === undefined ? path : model.place.folder,
            ...{ batchSize, signal },
            onVector: (done) => onProgress({ stage: "embedding", done, unit: "texts" }),
          });
          if (cut > 0) say(`${cut} of ${count} texts have more than ${model.maxLength} tokens and were cut`);
          say(`${out}: ${count.toLocaleString("en-US")} vectors of ${dimension} numbers`);
        }, "finishing the batch");
      } finally {
        disposeTensors(model.params);
      }
    } finally {
      await compute.dispose();
    }
    tell(`next:\n  cramkit search ${shellWord(out)} "a query"`);
  });
