import { glueTasks, type TrialResult } from "@cramkit/glue";
import { number, percent, table } from "../report/markdown.ts";
import { curve } from "./curve.ts";
import { partName } from "./plan.ts";
import { type Cram, networks, type RecipeFindings, readCram } from "./read-cram.ts";

/** The report of a cram in its folder, as far as its parts have come: Markdown. */
export const renderCram = async (folder: string): Promise<string> => {
  const cram = await readCram(folder);
  const sections = [
    headOf(cram),
    partsOf(cram),
    ceilingsOf(cram),
    ...cram.findings.flatMap((findings) => [trainingOf(cram, findings), glueOf(findings)]),
  ];
  return `${sections.filter(Boolean).join("\n\n")}\n`;
};

const headOf = ({ date, options, header }: Cram): string => {
  const { minutes, quick, backend, precision, set } = options;
  const asked = quick ? "toys" : `${minutes} minutes`;
  const facts = header
    ? [
        `${header.hardware}${header.softwareAdapter ? " (a software adapter: correctness, never speed)" : ""}; driver ${header.driver}; ${header.system}`,
        `commit ${header.commit.slice(0, 10)}${header.dirty ? " with changes" : ""}; ${Object.entries(header.versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(", ")}`,
      ]
    : ["The machine was not described: its ceilings were not measured."];
  return [
    `# A cram of ${asked}, ${date.slice(0, 16).replace("T", " ")} UTC`,
    ...[...facts, `${backend}, ${precision}${set.length > 0 ? `; with ${set.join(", ")}` : ""}`],
    ...(quick ? ["Everything here is a toy: it says that the parts work, and nothing of speed or scores."] : []),
  ].join("\n\n");
};

const partsOf = ({ parts }: Cram): string =>
  `## Parts\n\n${table(
    ["part", "outcome", "seconds", ""],
    parts.map(({ name, outcome, seconds, message = "" }) => [name, outcome, seconds.toFixed(1), message]),
  )}`;

const ceilingsOf = ({ ceilings }: Cram): string =>
  ceilings.length === 0
    ? ""
    : `## What the machine can do\n\n${table(
        ["case", "by", "precision", "shape", "measured"],
        ceilings.map(({ case: name, backend, precision, shape, value, unit }) => [
          ...[name, backend, precision, shape, `${number(value.p50)} ${unit}`],
        ]),
      )}`;

/** The share of the device's matrix product that training reached. */
const shareOf = ({ ceilings, options }: Cram, flopsPerSecond: number): string | undefined => {
  const { backend, precision, quick } = options;
  const product = ceilings.find(
    (one) => one.case === "matmul" && one.backend === backend && one.precision === precision,
  );
  return product && !quick ? percent(flopsPerSecond / (product.value.p80 * 1e9)) : undefined;
};

const trainingOf = (cram: Cram, { recipe, run }: RecipeFindings): string => {
  const title = `## Training: ${recipe}`;
  if (!run) return `${title}\n\nNothing was trained.`;
  const { summary, masked, metrics, recipe: settings } = run;
  const losses = metrics.flatMap(({ tokens, loss }) => (typeof loss === "number" ? [[Number(tokens), loss]] : []));
  const heldOut = metrics.flatMap(({ tokens, heldOutLoss }) =>
    typeof heldOutLoss === "number" ? [[Number(tokens), heldOutLoss]] : [],
  );
  const last = metrics.at(-1);
  const rows: string[][] = [];
  const say = (name: string, value: string | undefined) => void (value !== undefined && rows.push([name, value]));
  say("budget", settings.training.budget);
  say("rows of a batch, in the end", String(settings.training.batchSize));
  if (summary) {
    const seconds = summary.elapsedMs / 1000;
    const flopsPerSecond = (summary.tokens * summary.flopsPerToken) / seconds;
    const { gpuJoules, cpuJoules } = summary;
    say("parameters", `${number(summary.parameters / 1e6)} M`);
    say("computed by", summary.backend);
    say(
      "tokens",
      `${count(summary.tokens)}, ${count(summary.steps)} steps, microbatches of ${summary.microbatchSize} rows`,
    );
    say("passes over the rows", `${number(summary.epochs)} of ${count(summary.rowsPrepared)} rows`);
    say(
      "speed",
      `${number(summary.tokens / seconds)} tokens/s, with held-out losses and checkpoints in ${number(seconds)} s`,
    );
    const share = shareOf(cram, flopsPerSecond);
    say("operations", `${number(flopsPerSecond / 1e12)} TFLOP/s${share ? `, ${share} of the matrix product` : ""}`);
    say(
      "energy of the card",
      gpuJoules === undefined ? "not told: no nvidia-smi, or several cards" : joules(gpuJoules),
    );
    say("energy of the processors", cpuJoules === undefined ? "not told by this system" : joules(cpuJoules));
    say("memory of the process, at most", `${number(summary.peakMemoryBytes / 1e9)} GB`);
  } else if (last) {
    say("so far", `${count(Number(last.tokens))} tokens, ${Math.round(100 * Number(last.fraction))} % of the budget`);
  }
  const device = metrics.reduce((most, { deviceMemoryBytes }) => Math.max(most, Number(deviceMemoryBytes ?? 0)), 0);
  if (device > 0) say("memory of the device, at most", `${number(device / 1e9)} GB`);
  if (masked) {
    const words = ({ loss, accuracy }: { loss: number; accuracy: number }) =>
      `${loss.toFixed(3)}, ${percent(accuracy)} right`;
    say("held-out loss, trained", words(masked.trained));
    say("held-out loss, untrained", words(masked.untrained));
    say("held-out loss, by frequency alone", words(masked.unigram));
  }
  const curves = [curve("training loss", losses), curve("held-out loss", heldOut)].filter(Boolean).join("\n\n");
  return [title, table(["", ""], rows), curves].filter(Boolean).join("\n\n");
};

const count = (value: number): string => value.toLocaleString("en-US");

const joules = (value: number): string => `${number(value / 1000)} kJ`;

const titles: Record<(typeof networks)[number], string> = {
  trained: "trained",
  untrained: "no pretraining",
  pytorch: "trained, finetuned by PyTorch",
};

const glueOf = ({ recipe, plan, trials }: RecipeFindings): string => {
  const title = `## GLUE: ${recipe}`;
  if (!plan) return `${title}\n\nNothing was finetuned.`;
  const tasks = plan.groups.flatMap((group) => group.tasks);
  const score = (
    results: readonly TrialResult[],
    name: string,
    of: (result: TrialResult) => TrialResult["evaluations"],
  ) => {
    const result = results.find(({ task }) => task.name === name);
    return result
      ? of(result)
          .map(({ scores }) =>
            Object.values(scores)
              .map((value) => (100 * value!).toFixed(1))
              .join(" / "),
          )
          .join("; ")
      : "–";
  };
  const rows = tasks.map((name) => {
    const { task } = glueTasks[name];
    const one = networks.flatMap((network) => trials[network].filter((result) => result.task.name === name))[0];
    const metrics = task.metrics.join(" / ");
    const used = one ? `${count(one.train.rows)} of ${count(one.train.officialRows ?? one.train.rows)}` : "–";
    const majority = score(one ? [one] : [], name, (result) => result.majority);
    return [
      task.title,
      metrics,
      used,
      ...networks.map((network) => score(trials[network], name, (result) => result.evaluations)),
      majority,
    ];
  });
  const speeds = networks.flatMap((network) => {
    const all = trials[network];
    if (all.length === 0) return [];
    // The mean by time: what all steps took together.
    const examples = all.reduce((sum, { steps }) => sum + steps, 0);
    const time = all.reduce((sum, { steps, fitExamplesPerSecond }) => sum + steps / fitExamplesPerSecond, 0);
    return [`${titles[network]} ${number(examples / time)} examples/s`];
  });
  const protocol = trials.trained[0]?.identity.protocol;
  const missing = trials.pytorch.length > 0 ? [] : ["PyTorch: see the part"];
  return [
    title,
    `Times 100, on the dev sets; one trial each, ${protocol ? `protocol ${protocol.name}${protocol.name.includes("epochs") ? "" : `, ${protocol.epochs} epochs`}` : "none has ended"}. A score of a part of a task's examples is one of that part.`,
    table(["task", "metrics", "examples", ...networks.map((network) => titles[network]), "majority"], rows),
    `Finetuning: ${[...speeds, ...missing].join("; ")} (${partName({ kind: "pytorch", recipe })}). PyTorch gets the same batches at the same rates; its head and dropout are drawn by its own numbers.`,
  ].join("\n\n");
};
