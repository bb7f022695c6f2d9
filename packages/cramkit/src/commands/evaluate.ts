import { isFault, reworded } from "@cramkit/errors";
import { type CheckpointChoice, evaluateText, findRecipe, openModel, plainTexts, startCompute } from "@cramkit/recipes";
import { Command } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { checkpointOption } from "../options/checkpoint-option.ts";
import { fittingNumber } from "../options/decimal-number.ts";
import { type TextOptions, withReading, withText } from "../options/text-options.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { print } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";

interface EvaluateOptions extends BackendOptions, TextOptions {
  readonly checkpoint?: CheckpointChoice;
  readonly seqLength?: number;
  readonly maskedShare: number;
  readonly seed: number;
  readonly json?: boolean;
}

const collect = (value: string, all: string[] = []): string[] => [...all, value];

const share = (text: string): number =>
  fittingNumber(text, "a share above 0, at most 1", (value) => value > 0 && value <= 1);

export const evaluateCommand = (): Command =>
  withBackend(
    withReading(
      new Command("evaluate")
        .description("loss and perplexity of a model on any text, by guessing masked tokens")
        .argument("<model>", "folder of a run, of one of its checkpoints, or of a model")
        .requiredOption("--text <path>", "a file or folder of text, or hf://datasets/OWNER/NAME (repeatable)", collect)
        .option(...checkpointOption),
    )
      .option("--seq-length <tokens>", "length of a row (default: the longest the model takes)", wholeNumber(1, 65536))
      .option("--masked-share <share>", "share of the tokens to mask", share, 0.15)
      .option("--seed <number>", "decides which tokens are masked", wholeNumber(0, 0xffffffff), 0)
      .option("--json", "print the result as JSON"),
    "auto",
  ).action(async (path: string, options: EvaluateOptions) => {
    const recipe = withText(await findRecipe("smoke"), options);
    const compute = await startCompute(backendOf(options), options);
    try {
      const model = await openModel(path, { checkpoint: options.checkpoint });
      await session(async ({ say, onProgress, signal }) => {
        const { seqLength, maskedShare, seed } = options;
        const score = await evaluateText(model, plainTexts(recipe, { say, signal }), {
          ...{ seqLength, maskedShare, seed },
          async pause(rows) {
            signal?.throwIfAborted();
            onProgress({ stage: "evaluating", done: rows, unit: "rows" });
            await new Promise(setImmediate);
          },
        }).catch((error: unknown) => {
          throw namingPlace(error, path, options.text);
        });
        if (options.json) return print(JSON.stringify(score));
        const count = (value: number) => value.toLocaleString("en-US");
        print(`loss          ${score.loss.toFixed(4)} (masked tokens, nats)`);
        print(`perplexity    ${score.perplexity.toFixed(2)}`);
        print(`guessed right ${(100 * score.accuracy).toFixed(1)} %`);
        print(
          `text          ${count(score.tokens)} tokens of ${count(score.documents)} documents, in ${count(score.rows)} rows of ${score.seqLength}; ${count(score.leftOver)} left over`,
        );
        print(`masks         ${count(score.positions)} (${100 * maskedShare} % of each row, seed ${seed})`);
      }, "finishing the batch");
    } finally {
      await compute.dispose();
    }
  });

/** The same error with what was evaluated, the text or the model, if it names neither. */
const namingPlace = (error: unknown, model: string, text: readonly string[] | undefined): unknown => {
  if (!isFault(error) || error.place !== undefined) return error;
  if (error.code === "unsupported") return reworded(error, { place: model });
  if (error.code !== "invalid-input") return error;
  return reworded(error, { place: text?.join(", "), remedy: "give more text, or a smaller --seq-length" });
};
