import { existsSync } from "node:fs";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { type GlueName, glueNames } from "@cramkit/glue";
import { type Command, InvalidArgumentError, Option } from "commander";
import { root } from "../measure/places.ts";
import type { PartRequest } from "./child.ts";
import { cramFiles } from "./files.ts";
import { type CramOptions, cramTasks } from "./plan.ts";

interface CramFlags extends Pick<CramOptions, "backend" | "set" | "prepared" | "glue" | "python" | "tasks"> {
  minutes: number;
  precision?: CramOptions["precision"];
  recipe: string[];
  results?: string;
  quick?: true;
  allowSoftware?: true;
}

const collect = (value: string, all: string[] = []): string[] => [...all, value];

const minutesOf = (text: string): number => {
  const minutes = Number(text);
  if (minutes > 0 && minutes <= 1e5) return minutes;
  throw new InvalidArgumentError("expected a number of minutes above 0");
};

const tasksOf = (text: string): GlueName[] =>
  text.split(",").map((written) => {
    const name = glueNames.find((one) => one === written.toLowerCase().replaceAll("-", ""));
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`expected some of ${glueNames.join(", ")}, with commas between`);
  });

const cram = async (flags: CramFlags): Promise<void> => {
  const { minutes, backend, recipe, prepared, glue, tasks, set, python, quick = false, allowSoftware = false } = flags;
  for (const [flag, folder] of [
    ["--prepared", prepared],
    ["--glue", glue],
  ] as const)
    if (!existsSync(folder))
      throw fault({
        code: "not-found",
        place: flag,
        problem: `expected a folder, found none at ${folder}`,
        remedy:
          flag === "--prepared"
            ? "bench cram-rows --text FILE --data FOLDER makes one, and a bundle brings it along with --prepared"
            : "name the folder with CoLA, MRPC and the others; a bundle brings it along with --glue",
      });
  const folder =
    flags.results ?? join(root, "results", `cram-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}`);
  const options: CramOptions = {
    ...{ minutes, backend, recipes: recipe, prepared, glue, tasks, set, quick, python, folder },
    precision: flags.precision ?? (backend === "cpu" ? "float32" : "mixed"),
    allowSoftware: allowSoftware || quick,
  };
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      controller.abort();
      console.error("stopping; the report says what there is");
    });
  const { runCram } = await import("./run-cram.ts");
  const say = (line: string) => console.error(`cram: ${line}`);
  const { parts } = await runCram({ options, script: process.argv[1]!, signal: controller.signal, say });
  console.error(`report: ${cramFiles(folder).report}`);
  if (controller.signal.aborted) process.exitCode = 130;
  else if (parts.some(({ outcome }) => outcome === "failed")) process.exitCode = 1;
};

/** Adds `cram` and what belongs to it. */
export const addCram = (program: Command): void => {
  program
    .command("cram")
    .description("trains, finetunes and reports, all within minutes: rows and GLUE travel along with a bundle")
    .option("--minutes <n>", "of the whole: six tenths are training", minutesOf, 10)
    .addOption(new Option("--backend <name>", "what computes").choices(["webgpu", "cuda", "cpu"]).default("webgpu"))
    .addOption(
      new Option("--precision <name>", "default: mixed on webgpu and cuda, float32 on cpu").choices([
        "float32",
        "mixed",
      ]),
    )
    .addOption(new Option("--recipe <names...>", "candidates, which share the training time").default(["crammed-bert"]))
    .option("--prepared <folder>", "rows that `cram-rows` or `cramkit prepare` wrote", join(root, "prepared"))
    .option("--glue <folder>", "GLUE's tasks", join(root, "glue"))
    .option("--tasks <names>", "with commas between; MNLI comes last, if time is left", tasksOf, cramTasks)
    .option("--set <key=value>", "change a setting of the recipes; again for more", collect, [])
    .option("--quick", "toys, without an end of their own: does every part work here?")
    .option("--allow-software", "also on a WebGPU adapter that computes on the CPU: right, but slow")
    .option("--python <command>", "the Python of PyTorch", "python3")
    .option("--results <folder>", "a folder for this cram (default: one of its own in results)")
    .action(cram);
  program
    .command("cram-report")
    .description("prints what the folder of a cram holds, however far it came")
    .argument("<folder>")
    .action(async (folder: string) => console.log(await (await import("./report.ts")).renderCram(folder)));
  program
    .command("cram-rows")
    .description("prepares text for `cram`; 18 M tokens are some 64 MB with everything else in a bundle")
    .requiredOption("--text <path>", "a file or folder of text; again for more", collect)
    .requiredOption("--data <folder>", "where the rows go")
    .option("--recipe <name>", "whose tokenizer and rows they are", "crammed-bert")
    .option("--set <key=value>", "change a setting of the data, such as corpus.maxDocuments=20000", collect, [])
    .action(async (flags: { text: string[]; data: string; recipe: string; set: string[] }) => {
      const { prepareRows } = await import("./rows.ts");
      const say = (line: string) => console.error(line);
      await prepareRows(flags, { say, onProgress: () => {} });
      process.exit(0); // worker threads would keep the process
    });
  program
    .command("cram-part", { hidden: true })
    .argument("<request>")
    .action(async (request: string) => (await import("./child.ts")).runCramPart(JSON.parse(request) as PartRequest));
};
