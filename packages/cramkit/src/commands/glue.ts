import { fault } from "@cramkit/errors";
import { writeFileAtomic } from "@cramkit/files";
import { maySeeToken } from "@cramkit/files/fetch";
import {
  changedProtocol,
  epochLimit,
  type GlueName,
  glueNames,
  glueTasks,
  protocols,
  type StudyTaskName,
  scoreTable,
  studyTaskNames,
  submission,
  tableText,
  trialTable,
} from "@cramkit/glue";
import { downloadGlue } from "@cramkit/glue/node";
import { checkpointChoice, findModel, runFiles, runGlue, scoreRows, startCompute } from "@cramkit/recipes";
import { Command, InvalidArgumentError, Option } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../options/backend-options.ts";
import { fittingNumber } from "../options/decimal-number.ts";
import { requireWritableFile } from "../options/require-writable-file.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { renewReport } from "../report/write-report.ts";
import { print } from "../terminal/output.ts";
import { createProgressDisplay } from "../terminal/progress.ts";
import { session } from "../terminal/session.ts";

interface GlueOptions extends BackendOptions {
  readonly run?: string;
  readonly checkpoint?: string[];
  readonly data: string;
  readonly tasks?: (GlueName | StudyTaskName)[];
  readonly protocol: keyof typeof protocols;
  readonly trials?: number;
  readonly epochs?: number;
  readonly learningRate?: number;
  /** @defaultValue the protocol's */
  readonly batchSize?: number;
  /** @defaultValue the protocol's */
  readonly maxLength?: number;
  /** @defaultValue the protocol's */
  readonly warmup?: number;
  readonly pooling?: "first" | "mean";
  readonly sortedBatches?: number;
  readonly trainExamples?: number;
  readonly allowMoreEpochs?: boolean;
  readonly seed: number;
  readonly results?: string;
  readonly untrained: boolean;
  readonly submission?: string;
  readonly json?: boolean;
}

export const glueCommand = (): Command =>
  withBackend(
    new Command("glue")
      .description("finetune a model on GLUE with the study's protocol and score it on the dev sets")
      .option("--run <folder>", "folder of a run")
      .option(
        "--checkpoint <names...>",
        "with --run: its checkpoint latest, best, or that of a microbatch; else, or besides: runs, checkpoints or models by their folders",
      )
      .option("--data <folder>", "folder of the GLUE data, with one folder per task", "glue")
      .option(
        "--tasks <names...>",
        `tasks to run (default: all of GLUE that are in the data folder); also ${studyTaskNames.join(", ")}`,
        anyTaskNames,
      )
      .addOption(
        new Option("--protocol <name>", "finetuning protocol").choices(Object.keys(protocols)).default("GLUE_sane"),
      )
      .option("--trials <count>", "trials per task, each with its own seed", wholeNumber(1, 1000))
      .option("--epochs <count>", "override the protocol's number of epochs", wholeNumber(1, 1000))
      .option("--learning-rate <number>", "override the protocol's rate; small models need a larger one", positive)
      .option("--batch-size <examples>", "override the protocol's batch", wholeNumber(1, 65_536))
      .option(
        "--max-length <tokens>",
        "override the protocol's longest example; a multiple of 8",
        wholeNumber(1, 65_536),
      )
      .option(
        "--warmup <share>",
        "override the protocol's warm-up: below 1 a share of a task's steps, else steps",
        zeroOrMore,
      )
      .addOption(new Option("--pooling <kind>", "override the protocol's pooling").choices(["first", "mean"]))
      .option(
        "--sorted-batches <count>",
        "sort rows by length within this many batches: about half the padding, but like labels meet (default: 1, none)",
        wholeNumber(1, 1e6),
      )
      .option("--train-examples <count>", "finetune on this many random examples of each task", wholeNumber(1, 1e9))
      .option("--allow-more-epochs", "allow more than the five epochs of the challenge; the table says so")
      .option("--seed <number>", "seed of the first trial", wholeNumber(0, 0xffffffff), 0)
      .option("--results <folder>", "folder for the trials (default: glue in the folder of the run, or glue-results)")
      .option("--no-untrained", "skip the same network without pretraining")
      .option("--submission <file>", "predict the test sets and write the zip file for the GLUE server")
      .option("--json", "print results as JSON"),
    "auto",
  )
    .action(score)
    .addCommand(downloadCommand());

const downloadCommand = (): Command =>
  new Command("download")
    .description("download the data from the Hugging Face Hub; HF_TOKEN is sent to the Hub and to HF_ENDPOINT alone")
    .argument("<folder>", "folder to download into")
    .option("--tasks <names...>", "tasks to download (default: all)", taskNames)
    .option("--hub-url <url>", "the Hub or a mirror (default: HF_ENDPOINT, or the Hub)")
    .option("--revision <name>", "branch, tag or commit of the data set")
    .action(async (folder: string, _: DownloadOptions, command: Command) => {
      // `glue` has a --tasks too and takes it first.
      const { tasks, hubUrl, revision } = command.optsWithGlobals<DownloadOptions>();
      await session(async ({ onProgress, signal }) => {
        await downloadGlue(folder, {
          tasks,
          ...hubOf(hubUrl),
          revision,
          signal,
          onProgress: ({ file, bytes, totalBytes, done, total }) =>
            onProgress({
              stage: "downloading",
              done,
              total,
              unit: "files",
              detail: `${file} ${bytes} of ${totalBytes ?? "?"} bytes`,
            }),
        });
      });
      createProgressDisplay().finish(folder);
    });

/** The hub to ask. HF_TOKEN is for the public one and for HF_ENDPOINT, not for any address of the command line. */
const hubOf = (address: string | undefined): { hubUrl: string; accessToken?: string } => {
  const publicHub = "https://huggingface.co";
  const { HF_ENDPOINT, HF_TOKEN } = process.env;
  const hubUrl = address ?? (HF_ENDPOINT || publicHub);
  const isForIt = maySeeToken(hubUrl, [publicHub, ...(HF_ENDPOINT ? [HF_ENDPOINT] : [])]);
  return { hubUrl, accessToken: isForIt ? HF_TOKEN?.trim() || undefined : undefined };
};

interface DownloadOptions {
  readonly tasks?: GlueName[];
  readonly hubUrl?: string;
  readonly revision?: string;
}

const score = async (options: GlueOptions): Promise<void> => {
  const { run, trials, epochs, learningRate, pooling, sortedBatches } = options;
  const [model, ...baselines] = await modelsOf(options);
  if (model === undefined)
    throw fault({
      code: "invalid-input",
      place: "glue",
      problem: "expected --run FOLDER or --checkpoint FOLDER, got neither",
      remedy: "name a run, or a model",
      type: RangeError,
    });
  if ((epochs ?? 0) > epochLimit && !options.allowMoreEpochs)
    throw fault({
      code: "invalid-input",
      place: "--epochs",
      problem: `expected at most ${epochLimit}, the limit of the challenge, got ${epochs}`,
      remedy: "lower it, or pass --allow-more-epochs, which the tables then say",
      type: RangeError,
    });
  if (options.submission !== undefined) await requireWritableFile(options.submission);
  const results = options.results ?? (run === undefined ? "glue-results" : runFiles(run).glue);
  const compute = await startCompute(backendOf(options), options);
  try {
    await session(async (context) => {
      context.say(compute.description);
      const scores = await runGlue(
        {
          model,
          baselines,
          data: options.data,
          tasks: options.tasks,
          trainExamples: options.trainExamples,
          protocol: changedProtocol(protocols[options.protocol], {
            ...{ trials, epochs, learningRate, pooling, sortedBatches },
            ...{ batchSize: options.batchSize, maxLength: options.maxLength, warmup: options.warmup },
          }),
          seed: options.seed,
          results,
          untrained: options.untrained,
          tests: options.submission !== undefined,
          allowMoreEpochs: options.allowMoreEpochs ?? false,
        },
        compute,
        context,
      );
      if (options.submission) {
        const { zip, files } = submission(scores[0]!.results, { fillMissing: true });
        await writeFileAtomic(options.submission, zip);
        const filled = files.filter(({ from }) => from === "a constant").map(({ name }) => name);
        context.say(
          `${options.submission}: ${filled.length > 0 ? `one label throughout, for want of predictions, in ${filled.join(", ")}` : "all test sets"}`,
        );
      }
      if (run !== undefined && results === runFiles(run).glue) context.say(`report: ${(await renewReport(run)).file}`);
      const rows = scoreRows(scores);
      if (options.json) print(JSON.stringify({ rows, models: scores }));
      else {
        for (const { name, results } of scores) print(`${name}\n\n${tableText(trialTable(results))}\n`);
        print(tableText(scoreTable(rows)));
      }
    });
  } finally {
    await compute.dispose();
  }
};

/** The models to score: a run, or its checkpoints if some are named, then other folders. */
const modelsOf = async ({ run, checkpoint = [] }: GlueOptions): Promise<string[]> => {
  if (run === undefined) return checkpoint;
  const choices = checkpoint.map((text) => ({ text, choice: checkpointChoice(text) }));
  const chosen = choices.flatMap(({ choice }) => (choice === undefined ? [] : [choice]));
  const own = chosen.length > 0 ? chosen : [undefined];
  const places = await Promise.all(own.map((choice) => findModel(run, { checkpoint: choice })));
  return [
    ...places.map(({ folder }) => folder),
    ...choices.flatMap(({ text, choice }) => (choice === undefined ? [text] : [])),
  ];
};

/** The same, or a task of SuperGLUE, RACE or SWAG. */
const anyTaskNames = (
  written: string,
  before: (GlueName | StudyTaskName)[] | undefined,
): (GlueName | StudyTaskName)[] => {
  const name = studyTaskNames.find((name) => name === written.toLowerCase());
  return name === undefined ? [...(before ?? []), ...taskNames(written, undefined)] : [...(before ?? []), name];
};

/** A task by the name of its folder on the hub or in the official download: `sst2`, `SST-2`. */
const taskNames = (written: string, before: GlueName[] | undefined): GlueName[] => {
  const plain = (name: string) => name.toLowerCase().replaceAll("-", "");
  const name = glueNames.find((name) => name === plain(written));
  if (name !== undefined) return [...(before ?? []), name];
  throw new InvalidArgumentError(`expected some of ${glueNames.map((name) => glueTasks[name].task.title).join(", ")}`);
};

const positive = (text: string): number => fittingNumber(text, "a number above 0", (value) => value > 0);

const zeroOrMore = (text: string): number =>
  fittingNumber(text, "a share below 1, or a number of steps", (value) => value >= 0);
