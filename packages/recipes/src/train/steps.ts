import { type Gradients, lossScale, type Optimizer, type OptimizerState, type Updating } from "@cramkit/optim";
import type { MaskedBatch } from "@cramkit/packer";
import { type Batches, type GradFn, type StepReport, type Optimizer as Trained, train } from "@cramkit/trainer";
import type { NamedTensors } from "../named-tensors.ts";
import { sequenceCurriculumOf } from "../recipe/trained-length.ts";
import { trainingLoss } from "../recipe/training-loss.ts";
import type { TrainingState } from "../snapshot/checkpoint-format.ts";
import { type TrainingCursor, trainingBatches } from "./batches.ts";
import { disposingOnFailure } from "./disposing-on-failure.ts";
import { maskedLanguageModelGradient } from "./gradient.ts";
import { recordedGradients, repeatsItself } from "./recorded-gradients.ts";
import type { Session } from "./session.ts";
import { withLossOfAll } from "./whole-loss.ts";

/** A run's loop: starts it at any state, with the batches that follow there. */
export const trainingSteps = (
  {
    spec: { recipe, prepared, config, recorder, stoppable = (work) => work() },
    context: { say },
    deadline,
    along,
    elapsed,
    keepTime,
    team,
  }: Session,
  optimizer: Optimizer<Updating>,
  microbatchSize: number,
): ((from: TrainingState) => AsyncGenerator<StepReport<NamedTensors, OptimizerState>, void>) => {
  const stepRecorder = repeatsItself(config, recipe.training.loss) ? recorder?.() : undefined;
  const recorded = stepRecorder && recordedGradients({ recorder: stepRecorder, config, say });
  const gradient = maskedLanguageModelGradient(config, trainingLoss(config, recipe.training.loss), {
    dropoutSeed: recipe.training.dropout > 0 ? recipe.seed : undefined,
    drawSeed: recipe.seed,
    rowLength: sequenceCurriculumOf(recipe),
    truncates: recipe.training.sequenceCurriculum?.unfold === false,
    causalShare: recipe.training.causalShare,
    lossScale,
    differentiate: recorded?.differentiate,
  });
  const own: typeof gradient = (params, batch, progress, state) => {
    // What is drawn for a microbatch is what one rank would draw for it.
    const microbatch = progress.microbatch + team.rank;
    return stoppable(() => gradient(params, batch, { ...along(progress), microbatch }, state));
  };
  const { grad, optimizer: shared } = team.size === 1 ? { grad: own, optimizer } : withLossOfAll(team, own, optimizer);
  return async function* (from) {
    // A run that has used its budget stays as it is: by its clock there may be a moment left, kept for the last checkpoint.
    if (from.progress.fraction >= 1) return;
    // As it was when the last microbatch ended, along the horizon: what the next batch is made for.
    let { fraction } = along(from.progress);
    const steps = train({
      state: from,
      batches: inTime(
        keepTime,
        trainingBatches(recipe, prepared, {
          batchSize: microbatchSize,
          cursor: (from.cursor ?? undefined) as TrainingCursor | undefined,
          fraction: () => fraction,
          team,
        }),
      ) satisfies Batches<MaskedBatch>,
      grad: grad satisfies GradFn<NamedTensors, MaskedBatch, Gradients, OptimizerState>,
      optimizer: disposingOnFailure(shared) satisfies Trained<NamedTensors, OptimizerState, Gradients>,
      budget: (counts) => {
        const used = Math.min(1, deadline.fraction(counts));
        ({ fraction } = along({ ...counts, fraction: used }));
        return used;
      },
      size: ({ batchSize, seqLength }) => ({
        examples: team.size * batchSize,
        tokens: team.size * batchSize * seqLength,
        microbatches: team.size,
      }),
      elapsed,
    });
    try {
      yield* steps;
    } finally {
      recorded?.drop();
    }
  };
};

/** The batches, each after the clock was set. */
async function* inTime<B>(keepTime: () => Promise<void>, batches: AsyncIterable<B>): AsyncGenerator<B> {
  for await (const batch of batches) {
    await keepTime();
    yield batch;
  }
}
