import type { ModelConfig } from "@cramkit/model";
import type { OptimizerKernels } from "@cramkit/optim";
import { elapsedClock } from "@cramkit/scheduler";
import { createGuard, type Guard } from "@cramkit/trainer";
import { type Checkpoints, openCheckpoints } from "@cramkit/trainer/node";
import type { EvaluationSet } from "../evaluate/evaluate.ts";
import type { NamedTensors } from "../named-tensors.ts";
import type { Prepared } from "../prepare/prepare.ts";
import type { RunContext } from "../progress.ts";
import { parseBudget } from "../recipe/budget.ts";
import { type AlongHorizon, alongHorizon } from "../recipe/horizon.ts";
import { spentFlopsPerToken } from "../recipe/optimizer-flops.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { runFiles } from "../run-record.ts";
import { type Snapshot, snapshotFormat } from "../snapshot/checkpoint-format.ts";
import type { StepRecorder } from "../step-recorder.ts";
import { type Team, teamOf } from "../team.ts";
import { createDeadline, type Deadline } from "./deadline.ts";
import { openEnergyMeter } from "./energy.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { createSaver, type Saver } from "./saver.ts";
import { sharedCheckpoints } from "./shared-checkpoints.ts";

export interface PretrainSpec {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly folder: string;
  readonly prepared: Prepared;
  readonly config: ModelConfig;
  /** Name of the backend: any but `cpu` trains on while checkpoints are written. */
  readonly backend: string;
  /**
   * In-place kernels of the backend.
   *
   * @defaultValue none
   */
  readonly kernels?: OptimizerKernels;
  /**
   * Starts the backend anew, after memory ran out: the next try begins on a clean device.
   *
   * @defaultValue it is not started anew
   */
  readonly restart?: () => Promise<void>;
  /**
   * What records steps, of the backend as it is started now.
   *
   * @defaultValue every kernel is launched on its own
   */
  readonly recorder?: () => StepRecorder | undefined;
  /**
   * Runs a microbatch's gradient, or throws `Interrupted` in its middle.
   *
   * @defaultValue every microbatch is finished
   */
  readonly stoppable?: <T>(work: () => T) => T;
  /**
   * The first weights.
   *
   * @defaultValue random ones, of the recipe's seed
   */
  readonly firstWeights?: () => Promise<NamedTensors>;
  /** Rows and masks of the held-out losses. */
  readonly heldOut: EvaluationSet;
  /**
   * Makes the run's folder again if somebody removed it: what a checkpoint needs beside it to be resumed from.
   *
   * @defaultValue nothing is done
   */
  readonly restore?: () => Promise<void>;
}

/** What lives as long as the process trains, whatever checkpoint it goes back to. */
export interface Session {
  readonly spec: PretrainSpec;
  readonly context: RunContext;
  /** Where an earlier session of the run ended. */
  readonly resumed: Snapshot | undefined;
  readonly checkpoints: Checkpoints<Snapshot>;
  readonly saver: Saver;
  readonly ledger: Ledger;
  readonly deadline: Deadline;
  /** What the recipe's schedules see of the progress. */
  readonly along: AlongHorizon;
  readonly guard: Guard;
  /** The ranks that train together. */
  readonly team: Team;
  /** The run's clock, in milliseconds: with several ranks rank 0's, as it was when the microbatch began. */
  readonly elapsed: () => number;
  /** This process's own clock. */
  readonly now: () => number;
  /** Has all ranks see rank 0's clock, and how long its checkpoints and microbatches took. Collective. */
  readonly keepTime: () => Promise<void>;
  close(): void;
}

/** Opens what a session needs, going on from the last whole checkpoint of the run's folder. */
export const openSession = async (spec: PretrainSpec, context: RunContext): Promise<Session> => {
  const { recipe, folder, config, backend } = spec;
  const team = teamOf(context);
  let damaged = 0;
  let own: Checkpoints<Snapshot> | undefined;
  await team.lead(async () => {
    own = await openCheckpoints({
      folder: runFiles(folder).checkpoints,
      format: snapshotFormat,
      keep: recipe.checkpoints.keep,
      onDamaged(message) {
        damaged++;
        context.say(message);
      },
    });
  });
  const checkpoints = sharedCheckpoints(team, own);
  const kept = await checkpoints.latest();
  if (!kept && damaged > 0) context.say("no checkpoint is whole: training from the beginning");
  if (kept) context.say(`resuming at microbatch ${kept.microbatch.toLocaleString("en-US")}`);
  const energy = openEnergyMeter(backend === "cpu" ? { gpu: null } : {});
  const ledger = openLedger(kept?.state.run.spent, energy.read);
  const units = { flopsPerToken: spentFlopsPerToken(config, recipe), rows: spec.prepared.training.rowCount };
  const deadline = createDeadline(parseBudget(recipe.training.budget, units));
  deadline.checkpointTook(ledger.spent().longestCheckpointMs);
  const now = elapsedClock(kept?.state.progress.elapsedMs);
  const time = team.size === 1 ? { deadline, elapsed: now, keepTime: async () => {} } : sharedTime(team, deadline, now);
  const onWritten = (ms: number) => {
    ledger.checkpointWritten(ms);
    time.deadline.checkpointTook(ms);
  };
  const restore = spec.restore && (() => team.lead(async () => spec.restore?.()));
  const { abandon, ...limits } = recipe.guard;
  return {
    spec,
    context,
    resumed: kept?.state,
    checkpoints,
    // Ranks write together, so none trains on meanwhile.
    saver: createSaver({ checkpoints, background: backend !== "cpu" && team.size === 1, onWritten, restore }),
    ledger,
    ...time,
    now,
    team,
    along: alongHorizon(recipe, units),
    guard: createGuard({ ...limits, abandon: abandon ?? undefined }, kept?.state.run.guard),
    close: () => energy.close(),
  };
};

/** Rank 0's time for all: what is learned between two microbatches counts from the next one on, on every rank alike. */
const sharedTime = (team: Team, deadline: Deadline, now: () => number) => {
  const learned = new Float64Array(3);
  return {
    deadline: {
      ...deadline,
      checkpointTook: (ms: number) => void (learned[1] = Math.max(learned[1]!, ms)),
      microbatchTook: (ms: number) => void (learned[2] = Math.max(learned[2]!, ms)),
    },
    elapsed: () => learned[0]!,
    async keepTime() {
      learned[0] = now();
      await team.broadcast(learned);
      deadline.checkpointTook(learned[1]!);
      deadline.microbatchTook(learned[2]!);
    },
  };
};
