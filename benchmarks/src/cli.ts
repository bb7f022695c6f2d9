import { join } from "node:path";
import { Command, Option } from "commander";
import { gpuPlan } from "./bundle/gpu-plan.ts";
import { addCram } from "./cram/command.ts";
import { root } from "./measure/places.ts";
import type { Result, ResultLine } from "./measure/record.ts";
import { measurementsOf, readResults } from "./measure/results-file.ts";
import { type BackendName, productNames, type SuiteOptions, toggleNames } from "./measure/suite.ts";
import { compare, comparisonText } from "./report/compare.ts";
import { renderReport } from "./report/report.ts";
import { verdictOf } from "./report/verdict.ts";
import { type ChildRequest, runChild } from "./runner/child.ts";
import { deviceSuites, suiteNames } from "./runner/registry.ts";
import { type Part, runSuites } from "./runner/run.ts";
import { shapeNames } from "./workloads/shapes.ts";

interface Flags {
  backend: string;
  precision: string;
  shape: string[];
  json?: true;
  compare?: string;
  quick?: true;
  threads?: string;
  toggles?: string;
  products?: SuiteOptions["products"];
  text?: string;
  vectors?: string;
  queries?: string;
  python: string;
  results: string;
  save: boolean;
  suiteMinutes: string;
}

interface TrafficFlags {
  backend: "webgpu" | "cuda";
  precision: SuiteOptions["precision"];
  optimizer: "adamw" | "muon";
  products?: SuiteOptions["products"];
}

const collect = (value: string, all: string[]): string[] => [...all, value];

/** Dawn itself ignores a toggle that it does not know. */
const togglesOf = (text: string): SuiteOptions["toggles"] =>
  text.split(",").map((name) => {
    const known = toggleNames.find((one) => one === name);
    if (!known) throw new RangeError(`--toggles: expected some of ${toggleNames.join(", ")}, got "${name}"`);
    return known;
  });

/** One line for people while it runs. */
const lineText = (line: ResultLine): string => {
  if (line.kind === "run")
    return `${line.hardware}${line.softwareAdapter ? " (software adapter: correctness, not speed)" : ""}, commit ${line.commit.slice(0, 10)}, load ${line.load[0]!.toFixed(1)}`;
  const who = [line.suite, line.case, line.provider].filter((part) => part !== "-").join(" · ");
  if (line.kind === "failure") return `FAILED  ${who}: ${line.message}`;
  if (line.kind === "skipped") return `skipped ${who}: ${line.reason}`;
  if (line.kind === "checked")
    return `${who} · ${line.cases - line.failed} of ${line.cases} cases right, worst at ${(100 * line.worst).toFixed(0)} % of its tolerance`;
  const { p20, p50, p80 } = line.value;
  const digits = (value: number) => (value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3));
  const share = line.share === undefined ? "" : `, ${(100 * line.share).toFixed(0)} % of ${line.bound}`;
  const range = [p20, p80];
  return `${who}${line.mode ? ` · ${line.mode}` : ""} · ${line.shape} · ${digits(p50)} ${line.unit} (${range.map(digits).join(" to ")})${share}`;
};

/** What was asked for; where results go is not part of it. */
const commandOf = (args: readonly string[]): string =>
  ["pnpm bench", ...args.filter((arg, i) => !arg.startsWith("--results") && args[i - 1] !== "--results")].join(" ");

/** Runs parts, says how they went, and ends with exit code 1 if something failed. */
const runParts = async (
  parts: Part[],
  { json, save, results: resultsFolder, budgetMs }: Pick<Flags, "json" | "save" | "results"> & { budgetMs?: number },
): Promise<Result[]> => {
  const { header, results, file } = await runSuites({
    ...{ parts, script: process.argv[1]!, command: commandOf(process.argv.slice(2)), budgetMs },
    onLine: (line) => (json ? console.log(JSON.stringify(line)) : console.error(lineText(line))),
    ...(save && { resultsFolder }),
  });
  if (!json) console.log(`\n${renderReport([header, ...results])}`);
  if (file) console.error(`results: ${file}`);
  console.error(verdictOf(results, { quick: header.quick }));
  const failures = results.filter(({ kind }) => kind === "failure").length;
  if (failures > 0) {
    console.error(`${failures} failed; each is in the results`);
    process.exitCode = 1;
  }
  return results;
};

const run = async (named: string[], flags: Flags): Promise<void> => {
  const options: SuiteOptions = {
    backend: flags.backend as BackendName,
    precision: flags.precision as SuiteOptions["precision"],
    shapes: flags.shape.flatMap((shape) => shape.split(/,(?=[a-z0-9-]+(?:[:,]|$))/)),
    quick: flags.quick === true,
    python: flags.python,
    ...(flags.threads !== undefined && { threads: Number(flags.threads) }),
    ...(flags.toggles !== undefined && { toggles: togglesOf(flags.toggles) }),
    ...(flags.products !== undefined && { products: flags.products }),
    ...(flags.text !== undefined && { text: flags.text }),
    ...(flags.vectors !== undefined && { vectors: flags.vectors }),
    ...(flags.queries !== undefined && { queries: flags.queries }),
  };
  const wanted = named.length > 0 ? named : flags.backend === "cpu" ? suiteNames : deviceSuites;
  // Shares need the ceilings of this very run.
  const suites =
    wanted.includes("machine") || !wanted.some((name) => deviceSuites.includes(name)) ? wanted : ["machine", ...wanted];
  const baseline = flags.compare === undefined ? undefined : measurementsOf(await readResults(flags.compare));
  const limitMs = Number(flags.suiteMinutes) * 60_000;
  const results = await runParts(
    suites.map((suite) => ({ suite, options, limitMs })),
    flags,
  );
  if (baseline) {
    const comparisons = compare(baseline, measurementsOf(results)).filter(({ verdict }) => verdict !== "missing");
    console.error(`\nagainst ${flags.compare}:\n${comparisonText(comparisons)}`);
    if (comparisons.some(({ verdict }) => verdict === "slower")) process.exitCode = 1;
  }
};

const runGpu = async (
  flags: Pick<Flags, "json" | "results" | "quick" | "python"> & { minutes: string; backend: "webgpu" | "cuda" },
) => {
  const budgetMs = Number(flags.minutes) * 60_000;
  if (!(budgetMs > 0)) throw new RangeError(`--minutes: expected a number above 0, got "${flags.minutes}"`);
  await runParts(gpuPlan({ quick: flags.quick === true, python: flags.python }, flags.backend), {
    ...flags,
    save: true,
    budgetMs,
  });
};

/** The command line of the benchmarks. */
const program = new Command("bench")
  // Options after a subcommand are its own.
  .enablePositionalOptions()
  .description("measures the machine, then every piece of Cramkit on it, each checked before it is timed")
  .argument("[suites...]", `any of ${suiteNames.join(", ")}; default: all that the backend has`)
  .option("--backend <name>", "cpu, webgpu, cuda or tensorflow", "cpu")
  .option("--precision <name>", "float32 or mixed", "float32")
  .option(
    "--shape <shape>",
    `${shapeNames.join(", ")}, or with changes: crammed-bert:batch=64,layers=4; again for more`,
    collect,
    [],
  )
  .option("--quick", "every case once or thrice on toy shapes: does it work, not how fast is it")
  .option("--json", "results as JSON lines on standard output")
  .option("--compare <file>", "set beside an earlier results file; exit 1 if something is slower beyond noise")
  .option("--threads <n>", "of the CPU backend")
  .option("--toggles <names>", `leave out checks of Dawn, with commas between: ${toggleNames.join(",")}`)
  .addOption(new Option("--products <name>", "what multiplies on the CUDA backend").choices(productNames))
  .option("--text <file>", "plain text for tokenizer, corpus and packer in place of the installed documentation")
  .option("--vectors <file>", "a file that cramkit embed wrote, for search in place of synthetic vectors")
  .option("--queries <file>", "another one, whose vectors are looked for (default: 200 of --vectors)")
  .option("--results <folder>", "where results are kept", join(root, "results"))
  .option("--no-save", "keep no results")
  .option("--suite-minutes <n>", "stop a suite after so long", "60")
  .addOption(new Option("--python <command>", "the Python of the PyTorch peer").default("python3"))
  .action(run);

program
  .command("gpu")
  .description(
    "all that a few minutes on a GPU can tell, what matters most first, each part with a time limit of its own",
  )
  .addOption(new Option("--backend <name>", "whose kernels").choices(["webgpu", "cuda"]).default("webgpu"))
  .option("--minutes <n>", "of the whole run; parts that do not fit any more are left out", "8")
  .option("--quick", "every part on toys")
  .option("--json", "results as JSON lines on standard output")
  .option("--results <folder>", "where results are kept", join(root, "results"))
  .option("--python <command>", "the Python of the PyTorch peer", "python3")
  .action(runGpu);

program
  .command("traffic")
  .description(
    "what one training step dispatches on WebGPU or launches on CUDA, kernel by kernel, and the bytes that it names; needs no GPU",
  )
  .argument("[shape]", "as of --shape", "crammed-bert:batch=64")
  .addOption(new Option("--backend <name>", "whose kernels").choices(["webgpu", "cuda"]).default("webgpu"))
  .option("--precision <name>", "float32 or mixed", "mixed")
  .addOption(new Option("--optimizer <name>", "what takes the step").choices(["adamw", "muon"]).default("adamw"))
  .addOption(new Option("--products <name>", "what multiplies on CUDA").choices(productNames))
  .action(async (shape: string, options: TrafficFlags) => {
    const { backend, precision, optimizer, products } = options;
    if (backend === "cuda") {
      const { countCudaStep, cudaTrafficText } = await import("./traffic/cuda-traffic.ts");
      console.log(cudaTrafficText(await countCudaStep(shape, precision, { optimizer, products })));
      process.exit(0);
    }
    const { countStep, trafficText } = await import("./traffic/traffic.ts");
    console.log(trafficText(await countStep(shape, precision, { optimizer, hostSteps: 30 })));
    process.exit(0);
  });

program
  .command("cost")
  .description(
    "processor time of training steps on the CPU backend, on one thread and in turns, beside the first of them",
  )
  .argument("<shapes...>", "as of --shape")
  .option("--rounds <count>", "steps of each", "20")
  .addOption(new Option("--optimizer <name>", "what takes the steps").choices(["adamw", "muon"]).default("adamw"))
  .action(async (shapes: string[], { rounds, optimizer }: { rounds: string; optimizer: "adamw" | "muon" }) => {
    const { stepCosts, stepCostText } = await import("./cost/step-cost.ts");
    console.log(stepCostText(await stepCosts(shapes, { rounds: Number(rounds), optimizer })));
    process.exit(0);
  });

program
  .command("finetune")
  .description("`cramkit finetune` beside PyTorch with the same model, data and settings, some seeds each")
  .argument("<model>", "folder of a run")
  .argument("[settings...]", "behind --: settings for `cramkit finetune`, as -- --epochs 3 --max-length 64")
  .requiredOption("--train <file>", "CSV, TSV or JSON-lines")
  .requiredOption("--dev <file>", "what the best epoch is chosen and scored on")
  .addOption(new Option("--task <kind>", "of the labels").choices(["classes", "tags", "embedding"]).default("classes"))
  .option("--text <column>", "of the text", "text")
  .option("--text-pair <column>", "of what belongs to it, for embeddings")
  .option("--label <column>", "of the label")
  .option("--seeds <n>", "of each side", "5")
  .option("--python <command>", "a Python with torch and transformers", "python3")
  .action(async (model: string, settings: string[], { seeds, python, ...data }) => {
    const { compareFinetuning } = await import("./finetune/compare-finetuning.ts");
    const { task, train, dev, text, textPair, label } = data;
    const words = Object.entries({ task, train, dev, text, "text-pair": textPair, label });
    await compareFinetuning({
      ...{ model, settings, python, seeds: Number(seeds) },
      data: words.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    });
  });

program
  .command("ranks")
  .description(
    "several ranks on this machine: the sum over ranks beside a copy, two ranks beside one, DiLoCo beside averaging",
  )
  .option("--launcher <command>", "an MPI launcher with its options (default: Debian's MPICH or Open MPI)")
  .option("--rounds <n>", "times that one and two ranks train in turns; 0: not at all", "3")
  .option("--seeds <n>", "seeds of DiLoCo beside averaging at every step; 0: not at all", "3")
  .option("--steps <n>", "steps of each of those runs", "1000")
  .option("--outer <pairs>", "outer learning rates and momenta of DiLoCo that are compared", "0.7:0.8,0.7:0.9")
  .option("--no-sums", "leave out the sums over ranks")
  .option("--quick", "short sums and runs: does it work, not how fast is it")
  .action(async ({ launcher, rounds, seeds, steps, outer, sums, quick = false }) => {
    const { measureRanks } = await import("./ranks/ranks.ts");
    const pairs = (outer as string).split(",").map((pair) => pair.split(":").map(Number) as [number, number]);
    const counts = { rounds: Number(rounds), seeds: Number(seeds), steps: Number(steps) };
    await measureRanks({ launcher, ...counts, outer: pairs, sums, quick });
  });

program
  .command("report")
  .description("results files as Markdown with tables and bars")
  .argument("<files...>")
  .option("--charts <folder>", "also write charts as SVG: a roofline, and bars against peers")
  .action(async (files: string[], { charts }: { charts?: string }) => {
    for (const file of files) {
      const lines = await readResults(file);
      console.log(renderReport(lines));
      if (charts)
        for (const path of await (await import("./report/charts.ts")).writeCharts(lines, charts)) console.error(path);
    }
  });

program
  .command("train")
  .description(
    "train on rows that were prepared elsewhere, with checkpoints; the same command goes on where it stopped",
  )
  .requiredOption("--prepared <folder>", "what `cramkit prepare --data FOLDER` wrote")
  .option("--recipe <name>", "the recipe that they were prepared for", "crammed-bert")
  .option(
    "--set <key=value>",
    "change a setting of the recipe; the settings of the data must be those of preparing",
    collect,
    [],
  )
  .option("--dir <folder>", "the run's folder", join(root, "results", "run"))
  .option("--allow-software", "also on a WebGPU adapter that computes on the CPU: right, but slow")
  .action(async (flags) => (await import("./workloads/train.ts")).trainPrepared(flags));

addCram(program);

program
  .command("child", { hidden: true })
  .argument("<request>")
  .action((request: string) => runChild(JSON.parse(request) as ChildRequest));

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? `bench: ${error.message}` : error);
  process.exitCode = 1;
}
