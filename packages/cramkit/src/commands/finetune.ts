import { type TaskKind, taskKinds } from "@cramkit/finetune";
import type { ReadExamplesOptions } from "@cramkit/finetune/node";
import { type CheckpointChoice, finetuneFiles, runFinetune, startCompute } from "@cramkit/recipes";
import { Command, InvalidArgumentError, Option } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { checkpointOption } from "../options/checkpoint-option.ts";
import { type DataOptions, dialectOf, withData } from "../options/data-options.ts";
import { fittingNumber } from "../options/decimal-number.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { writeFinetuneReport } from "../report/finetune/write-finetune-report.ts";
import { print, tell } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";
import { shellWord } from "../terminal/shell-word.ts";

interface FinetuneOptions extends BackendOptions, DataOptions {
  readonly checkpoint?: CheckpointChoice;
  readonly train: string;
  readonly dev?: string;
  readonly devShare?: number;
  readonly task: TaskKind;
  readonly label?: string;
  readonly textNegative?: string;
  readonly separator?: string;
  readonly offsets?: ReadExamplesOptions["offsets"];
  readonly out: string;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly layerDecay?: number;
  readonly weightDecay?: number;
  readonly dropout?: number;
  readonly pooling?: "first" | "mean";
  readonly maxLength?: number;
  readonly classWeights?: "none" | "balanced";
  readonly temperature?: number;
  readonly patience?: number;
  readonly seed: number;
  readonly json?: boolean;
}

export const finetuneCommand = (): Command =>
  withBackend(
    withData(
      new Command("finetune")
        .description("finetune a model on your own labels, or for sentence embeddings on pairs of texts or bare ones")
        .argument("<model>", "folder of a run, of one of its checkpoints, of a model, or of a Hugging Face BERT")
        .option(...checkpointOption)
        .requiredOption("--train <data>", "training examples: CSV, TSV, JSONL, Parquet, CoNLL, or hf://datasets/...")
        .option("--dev <data>", "examples to score on (default: a share of the training examples)"),
    )
      .addOption(
        new Option("--dev-share <share>", "share of the training examples, without --dev (default: 0.1)")
          .argParser(positive)
          .conflicts("dev"),
      )
      .addOption(
        new Option(
          "--task <kind>",
          "one class, several labels, a score, tags of words (named entities), or an embedding: a vector for each text",
        )
          .choices(taskKinds)
          .default("classes"),
      )
      .option("--label <column>", "column of the label (default: label, of tags spans)")
      .option(
        "--text-negative <column>",
        "of embeddings: column of a text that does not belong to the first, beside --text-pair",
      )
      .option("--separator <text>", "separator between several labels in a cell (default: a comma)")
      .addOption(
        new Option("--offsets <unit>", "how spans count: as JavaScript, or as Python (default: utf16)").choices([
          "utf16",
          "code-points",
        ]),
      )
      .requiredOption("--out <folder>", "folder of the result")
      .option("--epochs <count>", "maximum number of epochs; the best one counts (default: 5)", wholeNumber(1, 1000))
      .option("--batch-size <count>", "examples per step (default: 16, for embeddings 64)", wholeNumber(1, 4096))
      .option("--temperature <number>", "for embeddings: temperature of the contrastive loss (default: 0.05)", positive)
      .option("--learning-rate <number>", "peak rate (default: by the model's size)", positive)
      .option("--layer-decay <number>", "factor of the rate from each layer to the one below (default: 1)", positive)
      .option("--weight-decay <number>", "weight decay of AdamW (default: 0.01)", number)
      .option("--dropout <share>", "dropout rate in training (default: 0.1)", number)
      .addOption(
        new Option(
          "--pooling <kind>",
          "how a text becomes one vector (default: mean; first for labels of a BERT)",
        ).choices(["first", "mean"]),
      )
      .option(
        "--max-length <tokens>",
        "longer texts are cut (default: 128, or what the model takes)",
        wholeNumber(1, 65536),
      )
      .addOption(
        new Option("--class-weights <kind>", "weights of the classes (default: none)").choices(["none", "balanced"]),
      )
      .option("--patience <epochs>", "epochs without a better score before it ends (default: 2)", wholeNumber(1, 1000))
      .option("--seed <number>", "seed of the split, the head and the order", wholeNumber(0, 0xffffffff), 0)
      .option("--json", "print the scores as JSON"),
    "auto",
  ).action(async (model: string, options: FinetuneOptions) => {
    const { out, task, text, textPair: pair, textNegative: negative, label, separator } = options;
    const { offsets, precision, temperature } = options;
    const { epochs, batchSize, learningRate, layerDecay, weightDecay, dropout, pooling, maxLength, classWeights } =
      options;
    const compute = await startCompute(backendOf(options), options);
    try {
      await session(async (context) => {
        context.say(compute.description);
        const record = await runFinetune(
          {
            model,
            checkpoint: options.checkpoint,
            train: options.train,
            dev: options.dev,
            devShare: options.devShare,
            kind: task,
            columns: { text, pair, negative, label, separator, offsets, ...dialectOf(options) },
            settings: {
              ...{
                epochs,
                batchSize,
                learningRate,
                layerDecay,
                weightDecay,
                dropout,
                pooling,
                maxLength,
                classWeights,
                temperature,
              },
              ...{ patience: options.patience, seed: options.seed },
              ...(precision === "mixed" && compute.name !== "tensorflow" && { lossScaling: true }),
            },
            folder: out,
          },
          compute,
          context,
        );
        const report = await writeFinetuneReport(record);
        const { evaluation, bestEpoch, seconds } = record.result;
        if (options.json) print(JSON.stringify({ bestEpoch, seconds, ...evaluation }));
        else {
          print(`dev set of ${evaluation.rows} rows, epoch ${bestEpoch}:`);
          for (const [name, value] of Object.entries({ ...evaluation.scores, loss: evaluation.loss }))
            print(`  ${name.padEnd(18)} ${Number.isFinite(value) ? value.toFixed(4) : "-"}`);
        }
        context.say(`model: ${finetuneFiles(out).model}\nreport: ${report}`);
      });
      tell(
        task === "embedding"
          ? `next:\n  cramkit embed ${shellWord(out)} --data FILE --out vectors.safetensors\n  cramkit search vectors.safetensors "a query"`
          : `next:\n  cramkit predict ${shellWord(out)} --data FILE`,
      );
    } finally {
      await compute.dispose();
    }
  });

const number = (text: string): number => fittingNumber(text, "a number of at least 0", (value) => value >= 0);

const positive = (text: string): number => {
  const value = number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("expected a number above 0");
};
