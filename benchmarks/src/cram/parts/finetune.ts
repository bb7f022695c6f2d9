import { join } from "node:path";
import { writeFileAtomic } from "@cramkit/files";
import { changedProtocol, type GlueName, type Protocol, protocols, type TrialResult } from "@cramkit/glue";
import { glueTasksIn, readGlue, readResults } from "@cramkit/glue/node";
import { runGlue, startCompute } from "@cramkit/recipes";
import { cramFiles, type GluePlan, jsonIn } from "../files.ts";
import { type PartContext, Skipped } from "../part-context.ts";
import { type CramOptions, examplesThatFit } from "../plan.ts";

export const glueSeed = 0;

/** The study's protocol with one trial; of a cram of toys, with one epoch over short rows. */
export const cramProtocol = ({ quick }: Pick<CramOptions, "quick">): Protocol =>
  changedProtocol(protocols.GLUE_sane, { trials: 1, ...(quick && { epochs: 1, maxLength: 32 }) });

/** Examples that show how fast finetuning is here, in one epoch. */
const calibration = { examples: 160, task: "rte" } as const;
/** Of the time that is left: predictions, encoding and a slower moment need theirs, too. */
const usedShare = 0.75;

/**
 * Finetunes the weights of a run on GLUE, as many examples of each task as fit into the time, which a few steps tell; MNLI
 * after the others, if time is left. `untrained` does what the trained weights did with the same network as it began.
 */
export const finetunePart = async (
  recipe: string,
  options: CramOptions,
  { untrained }: { untrained: boolean },
  context: PartContext,
): Promise<void> => {
  const { folder, glue: data, backend, precision, quick, allowSoftware } = options;
  const files = cramFiles(folder);
  const there = await glueTasksIn(data);
  const tasks = options.tasks.filter((task) => there.includes(task));
  if (tasks.length === 0) throw new Skipped(`none of ${options.tasks.join(", ")} is in ${data}`);
  const missing = options.tasks.filter((task) => !there.includes(task));
  if (missing.length > 0) context.say(`not in ${data}: ${missing.join(", ")}`);
  const kept = await jsonIn<GluePlan>(files.gluePlan(recipe));
  if (untrained && kept === undefined)
    throw new Skipped("the trained weights were not finetuned: nothing to set beside");
  const protocol = cramProtocol(options);
  const settings = { name: backend, precision, threads: null, products: "auto", library: null } as const;
  const compute = await startCompute(settings, { allowSoftware });
  const run = async (results: string, { tasks, examples }: Group, epochs?: number) =>
    void (await runGlue(
      {
        ...{ model: files.run(recipe), data, tasks, seed: glueSeed, results, untrained },
        ...(examples !== null && { trainExamples: examples }),
        protocol: changedProtocol(protocol, { epochs }),
        ...{ tests: false, allowMoreEpochs: false },
      },
      compute,
      context,
    ));
  const groups: Group[] = [];
  const add = async (group: Group) => {
    groups.push(group);
    const plan: GluePlan = { groups };
    await writeFileAtomic(files.gluePlan(recipe), `${JSON.stringify(plan, null, 2)}\n`);
    await run(files.glue(recipe), group);
  };
  try {
    if (kept !== undefined) {
      for (const group of kept.groups) await run(files.glue(recipe), group);
      return;
    }
    if (quick) return await add({ tasks, examples: 64 });
    const trial = join(files.glue(recipe), "calibration");
    const first = tasks.includes(calibration.task) ? calibration.task : tasks[0]!;
    await run(trial, { tasks: [first], examples: calibration.examples }, 1);
    const [speed] = await readResults(join(trial, "trained"));
    const fitting = (names: readonly GlueName[]) =>
      fittingExamples(names, { data, epochs: protocol.epochs, speed: speed!, leftMs: context.leftMs() });
    const small = tasks.filter((name) => name !== "mnli");
    const examples = await fitting(small);
    if (examples < protocol.batchSize)
      throw new Skipped(
        `${speed!.fitExamplesPerSecond.toFixed(1)} examples/s: not one batch of each task fits into ${(context.leftMs() / 1000).toFixed(0)} s`,
      );
    await add({ tasks: small, examples: Number.isFinite(examples) ? examples : null });
    if (!tasks.includes("mnli")) return;
    const ofMnli = await fitting(["mnli"]);
    if (ofMnli < leastOfMnli) return context.say("MNLI is left out: its time is over");
    await add({ tasks: ["mnli"], examples: Number.isFinite(ofMnli) ? ofMnli : null });
  } finally {
    await compute.dispose();
  }
};

type Group = GluePlan["groups"][number];

/** Fewer are not worth its 19,647 predictions. */
const leastOfMnli = 1000;

/** Examples of each task for which there is time, beside the predictions. */
const fittingExamples = async (
  names: readonly GlueName[],
  { data, epochs, speed, leftMs }: { data: string; epochs: number; speed: TrialResult; leftMs: number },
): Promise<number> => {
  const sizes: number[] = [];
  let scored = 0;
  for (const name of names) {
    const { train, evaluations } = await readGlue(data, name);
    sizes.push(train.length);
    scored += evaluations.reduce((sum, { examples }) => sum + examples.length, 0);
  }
  const seconds = (usedShare * leftMs) / 1000 - scored / speed.evaluateExamplesPerSecond;
  return examplesThatFit(sizes, (seconds * speed.fitExamplesPerSecond) / epochs);
};
