import { join } from "node:path";
import {
  downloadGlue,
  type GlueName,
  majorityRow,
  protocols,
  publishedRows,
  scoreRow,
  scoreTable,
  submission,
  tableMarkdown,
  tableText,
  trialTable,
} from "@cramkit/glue";
import { runFiles, runGlue, startCompute } from "@cramkit/recipes";
import { writeFileAtomic } from "@cramkit/trainer/node";
import { Command, Option } from "commander";
import { type BackendOptions, backendOf, withBackend } from "../backend-options.ts";
import { createProgressDisplay } from "../progress.ts";
import { session } from "../session.ts";
import { wholeNumber } from "../whole-number.ts";

interface GlueOptions extends BackendOptions {
  readonly run?: string;
  readonly checkpoint?: string;
  readonly data: string;
  readonly tasks?: GlueName[];
  readonly protocol: keyof typeof protocols;
  readonly trials?: number;
  readonly epochs?: number;
  readonly allowMoreEpochs?: boolean;
  readonly seed: number;
  readonly results?: string;
  readonly untrained: boolean;
  readonly submission?: string;
  readonly json?: boolean;
}

export const glueCommand = (): Command => {
  const command = withBackend(
    new Command("glue")
      .description("finetune a model on GLUE by the study's protocol and score it on the dev sets")
      .option("--run <folder>", "a run's folder")
      .option("--checkpoint <folder>", "a model folder instead: ours, or a Hugging Face BERT")
      .option("--data <folder>", "the GLUE data, one folder a task", "glue")
      .option("--tasks <names...>", "some of the tasks; default: all that are there")
      .addOption(new Option("--protocol <name>").choices(Object.keys(protocols)).default("GLUE_sane"))
      .option("--trials <count>", "trials of a task, with different seeds", wholeNumber)
      .option("--epochs <count>", "instead of the protocol's", wholeNumber)
      .option("--allow-more-epochs", "beyond the five of the challenge; the table says so")
      .option("--seed <number>", "of the first trial", wholeNumber, 0)
      .option("--results <folder>", "where trials are kept; default: glue in the run's folder, or glue-results")
      .option("--no-untrained", "leave out the same network without pretraining")
      .option("--submission <file>", "predict the test sets and write the zip file that the GLUE server takes")
      .option("--json", "print results as JSON"),
    "auto",
  ).action(score);
  command
    .command("download")
    .description("fetch the data from the Hugging Face hub (needs a network)")
    .argument("<folder>")
    .option("--tasks <names...>")
    .action(async (folder: string, { tasks }: { tasks?: GlueName[] }) => {
      const display = createProgressDisplay();
      await downloadGlue(folder, {
        tasks,
        onProgress: ({ file, bytes, totalBytes, done, total }) =>
          display.show({
            stage: "downloading",
            done,
            total,
            unit: "files",
            detail: `${file} ${bytes} of ${totalBytes ?? "?"} bytes`,
          }),
      });
      display.finish(folder);
    });
  return command;
};

const score = async (options: GlueOptions): Promise<void> => {
  const { run, checkpoint } = options;
  const model = checkpoint ?? (run && runFiles(run).model);
  if (!model) throw new RangeError("glue: expected --run FOLDER or --checkpoint FOLDER, got neither");
  const protocol = { ...protocols[options.protocol] };
  const results = options.results ?? (run ? runFiles(run).glue : "glue-results");
  const compute = await startCompute(backendOf(options), options);
  await session(async (context) => {
    const { name, trained, untrained } = await runGlue(
      {
        model,
        data: options.data,
        tasks: options.tasks,
        protocol: { ...protocol, trials: options.trials ?? protocol.trials, epochs: options.epochs ?? protocol.epochs },
        seed: options.seed,
        results,
        untrained: options.untrained,
        tests: options.submission !== undefined,
        allowMoreEpochs: options.allowMoreEpochs ?? false,
      },
      compute,
      context,
    );
    const rows = [
      scoreRow(name, trained),
      ...(untrained.length > 0 ? [scoreRow(`${name}, no pretraining`, untrained)] : []),
      majorityRow(trained),
      ...publishedRows,
    ];
    await writeFileAtomic(join(results, "scores.json"), `${JSON.stringify(rows, null, 2)}\n`);
    await writeFileAtomic(
      join(results, "scores.md"),
      `${tableMarkdown(scoreTable(rows))}\n\n${tableMarkdown(trialTable(trained))}\n`,
    );
    if (options.submission) await writeFileAtomic(options.submission, submission(trained, { fillMissing: true }).zip);
    if (options.json) console.log(JSON.stringify({ rows, trained, untrained }));
    else console.log(`${tableText(trialTable(trained))}\n\n${tableText(scoreTable(rows))}`);
  });
  compute.dispose();
};
