import { init } from "@cramkit/model";
import {
  type GradInitGradient,
  type GradInitReport,
  gradInit,
  matchesName,
  scaledBy,
  wholeParts,
} from "@cramkit/optim";
import type { MaskedBatch } from "@cramkit/packer";
import { mul, scalar } from "@tensorflow/tfjs-core";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import { Interrupted, stopPoint } from "../progress.ts";
import { sequenceCurriculumOf } from "../recipe/trained-length.ts";
import { trainingLoss } from "../recipe/training-loss.ts";
import { trainingBatches } from "./batches.ts";
import { maskedLanguageModelGradient } from "./gradient.ts";
import type { Session } from "./session.ts";

/** The weights that a run begins with: given or random ones, these under GradInit's factors if the recipe asks for them. */
export const firstWeights = async (session: Session, microbatchSize: number): Promise<NamedTensors> => {
  const { recipe, config, firstWeights: given } = session.spec;
  const random = given ? await given() : init(config, recipe.seed);
  if (recipe.training.gradInit === null) return random;
  try {
    return scaledBy(random, await session.team.lead(() => searched(session, random, microbatchSize)));
  } finally {
    disposeTensors(random);
  }
};

/** Of a loss in mixed precision, so that small gradients do not vanish; a loss of 60 stays a float16. */
const lossScale = 1024;

/** GradInit's factors, from the first microbatches of the training. */
const searched = async (
  { spec: { recipe, folder, prepared, config, stoppable = (work) => work() }, context }: Session,
  params: NamedTensors,
  batchSize: number,
): Promise<Record<string, number>> => {
  const { gradInit: settings, optimizer, frozen, loss, dropout, sequenceCurriculum, causalShare } = recipe.training;
  const steps = settings!.steps;
  const batches: MaskedBatch[] = [];
  for await (const { batch } of trainingBatches(recipe, prepared, { batchSize })) {
    batches.push(batch);
    if (batches.length === 2 * steps) break;
  }
  const scale = recipe.backend.precision === "mixed" ? scalar(lossScale) : undefined;
  const found = maskedLanguageModelGradient(config, trainingLoss(config, loss), {
    dropoutSeed: dropout > 0 ? recipe.seed : undefined,
    drawSeed: recipe.seed,
    rowLength: sequenceCurriculumOf(recipe),
    truncates: sequenceCurriculum?.unfold === false,
    causalShare,
    lossScale: () => scale,
  });
  const gradient: GradInitGradient = (at, microbatch) => {
    const progress = { microbatch, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
    const { loss, grads } = stoppable(() => found(at, batches[microbatch]!, progress, undefined as never));
    const { grads: scaled } = grads as { grads: NamedTensors };
    if (!scale) return { loss: loss as GradInitLoss, grads: scaled };
    const whole = Object.fromEntries(Object.entries(scaled).map(([name, grad]) => [name, mul(grad, 1 / lossScale)]));
    disposeTensors(scaled);
    return { loss: loss as GradInitLoss, grads: whole };
  };
  const stopped = `stopped in GradInit; \`cramkit resume ${folder}\` begins it again`;
  const stop = stopPoint(context, stopped);
  const reports: GradInitReport[] = [];
  const still = [/pos_embedding/, ...frozen.map(wholeParts)];
  try {
    const factors = await gradInit(params, gradient, {
      ...settings!,
      learningRate: optimizer.learningRate,
      kept: still.filter((pattern) => Object.keys(params).some((name) => matchesName(name, [pattern]))),
      async onStep(report) {
        reports.push(report);
        const detail = `loss ${report.nextLoss.toFixed(3)}  gradient ${report.gradNorm.toFixed(3)}`;
        context.onProgress({ stage: "GradInit", done: report.step, total: steps, unit: "steps", detail });
        await stop();
      },
    });
    context.say(describe(reports, Object.values(factors)));
    return factors;
  } catch (error) {
    throw error instanceof Interrupted ? new Interrupted(stopped) : error;
  } finally {
    scale?.dispose();
  }
};

type GradInitLoss = ReturnType<GradInitGradient>["loss"];

const describe = (reports: readonly GradInitReport[], factors: readonly number[]): string => {
  const [first, last] = [reports[0]!, reports.at(-1)!];
  const from = (value: (report: GradInitReport) => number) => `${value(first).toFixed(3)} to ${value(last).toFixed(3)}`;
  return `GradInit: loss after a step ${from(({ nextLoss }) => nextLoss)}, norm of the gradient ${from(({ gradNorm }) => gradNorm)}, factors of ${Math.min(...factors).toFixed(3)} to ${Math.max(...factors).toFixed(3)}`;
};
