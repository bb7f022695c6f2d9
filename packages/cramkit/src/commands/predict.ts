import { createAtomicFile } from "@cramkit/files";
import { disposeTensors } from "@cramkit/finetune";
import { loadTaskModel, type PredictionFormat, predictionLines, startCompute } from "@cramkit/recipes";
import { Command, Option } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { type DataOptions, dialectOf, withData } from "../options/data-options.ts";
import { requireWritableFile } from "../options/require-writable-file.ts";
import { examplesFrom, requireTable } from "../options/standard-input.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { print } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";

interface PredictOptions extends BackendOptions, DataOptions {
  readonly data?: string;
  readonly out?: string;
  readonly outFormat?: PredictionFormat;
  readonly batchSize: number;
}

export const predictCommand = (): Command =>
  withBackend(
    withData(
      new Command("predict")
        .description("label texts with a finetuned model")
        .argument("<folder>", "folder of a finetuning, or of its model")
        .option("--data <file>", "examples, as finetune reads them (default: standard input, one text per line)"),
    )
      .option("--out <file>", "file of the predictions (default: standard output)")
      .addOption(
        new Option("--out-format <name>", "how predictions are written (default: by --out, else jsonl)").choices([
          "jsonl",
          "csv",
        ]),
      )
      .option("--batch-size <count>", "texts per batch", wholeNumber(1, 4096), 32),
  ).action(async (folder: string, options: PredictOptions) => {
    const { data, out, batchSize, text, textPair: pair } = options;
    const dialect = dialectOf(options);
    requireTable(data, { text, pair, ...dialect });
    if (out !== undefined) await requireWritableFile(out);
    const outFormat = options.outFormat ?? (out?.toLowerCase().endsWith(".csv") ? "csv" : "jsonl");
    const compute = await startCompute(backendOf(options), options);
    try {
      const model = await loadTaskModel(folder);
      try {
        await session(async ({ onProgress, say, signal }) => {
          const columns = { kind: model.task.kind, text, pair, label: null, ...dialect };
          const examples = examplesFrom(data, columns, { signal, say });
          const file = out === undefined ? undefined : await createAtomicFile(out);
          let [done, cut] = [0, 0];
          try {
            const onPrediction = (tokens: number) => {
              done++;
              if (tokens > 0) cut++;
              if (file) onProgress({ stage: "predicting", done, unit: "texts" });
            };
            for await (const line of predictionLines(model, examples, {
              ...{ format: outFormat, signal, batchSize, onPrediction },
              // A person at a terminal wants an answer to each line.
              ...(data === undefined && process.stdin.isTTY && { window: 1 }),
            })) {
              if (file) await file.write(`${line}\n`);
              else print(line, { isExact: true });
            }
            await file?.commit();
            if (cut > 0) say(`${cut} of ${done} texts have more than ${model.maxLength} tokens and were cut`);
          } finally {
            await file?.abort();
          }
        }, "finishing the batch");
      } finally {
        disposeTensors(model.params);
      }
    } finally {
      await compute.dispose();
    }
  });
