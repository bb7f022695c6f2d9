import { init } from "@cramkit/model";
import * as tf from "@tensorflow/tfjs-core";
import { memoryBytes, startCompute, sync } from "../measure/compute.ts";
import type { Contestant, Suite, SuiteContext, SuiteOptions } from "../measure/suite.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";
import { batchOf, createTrainingStep, gradient } from "../workloads/training-step.ts";

interface Reference {
  loss: number;
  /** L2 norm of each gradient, by name. */
  norms: Record<string, number>;
}

/** The architecture at a size that tfjs's own plain JavaScript backend computes in seconds. */
const reduced = ({ config, ...shape }: Shape): Shape => ({
  ...shape,
  config: { ...config, layers: Math.min(2, config.layers), vocabSize: Math.min(config.vocabSize, 1024), funnel: null },
  batch: 2,
  seq: config.funnel ? shape.seq : 16,
});

const lossAndNorms = async (shape: Shape): Promise<Reference> => {
  const params = init(shape.config, 3);
  const { loss, grads } = gradient(params, shape.config, batchOf(shape));
  const norms: Record<string, number> = {};
  for (const [name, grad] of Object.entries(grads)) {
    const values = (await grad.data()) as Float32Array;
    norms[name] = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  }
  const reference = { loss: (await loss.data())[0]!, norms };
  tf.dispose([params, loss, grads]);
  return reference;
};

/** On tfjs's own CPU backend, which has none of our kernels, only compositions. */
const references = async (shapes: readonly Shape[]): Promise<Reference[]> => {
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  // Shapes that differ in their batch alone have the same.
  const found = new Map<string, Promise<Reference>>();
  for (const shape of shapes) {
    const key = JSON.stringify({ ...reduced(shape), name: "" });
    if (!found.has(key)) found.set(key, lossAndNorms(reduced(shape)));
    await found.get(key);
  }
  return Promise.all(shapes.map((shape) => found.get(JSON.stringify({ ...reduced(shape), name: "" }))!));
};

/** The worst relative difference of the loss and of any gradient's norm, relative to the norm of all gradients. */
const distanceFrom = async (want: Reference, shape: Shape): Promise<number> => {
  const got = await lossAndNorms(reduced(shape));
  const whole = Math.hypot(...Object.values(want.norms));
  const off = Object.keys(want.norms).map((name) => Math.abs(got.norms[name]! - want.norms[name]!) / whole);
  const worst = Math.max(Math.abs(got.loss - want.loss) / want.loss, ...off);
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
};

const measureShape = async (shape: Shape, want: Reference, { options, measure }: SuiteContext): Promise<void> => {
  const step = createTrainingStep(shape);
  let peak = 0;
  const contestant = (mode: string, flops: number, run: () => void): Contestant => ({
    ...{ provider: "cramkit", mode, work: step.tokens, flops, run },
    tolerance: options.precision === "mixed" ? 2e-2 : 1e-4,
    check: () => distanceFrom(want, shape),
  });
  const updated = () => {
    step.step().dispose();
    peak = Math.max(peak, memoryBytes());
  };
  try {
    await measure({
      case: "training",
      shape: `${shape.name}, ${shape.batch} x ${shape.seq}`,
      unit: "tokens/s",
      bound: "matmul",
      limitMs: 60_000,
      memoryBytes: () => peak || undefined,
      contestants: [
        contestant("forward", step.flops.forward, step.forward),
        contestant("forward and backward", step.flops.gradient, step.gradient),
        contestant("step", step.flops.gradient, updated),
      ],
    });
  } finally {
    step.dispose();
  }
};

/** Shapes that fit what the machine has: big ones fail as results, they do not end the run. */
export const modelSuite: Suite = {
  name: "model",
  describes: "forward, backward and whole training steps of models: tokens/s",
  hasShapes: true,
  async run(context) {
    const shapes = shapesOf(context.options, { full: true });
    await startCompute({ ...context.options, backend: "cpu", precision: "float32" } satisfies SuiteOptions);
    const wants = await references(shapes);
    await startCompute(context.options);
    await sync();
    for (const [i, shape] of shapes.entries()) {
      try {
        await measureShape(shape, wants[i]!, context);
      } catch (error) {
        context.fail(shape.name, "cramkit", error);
      }
    }
  },
};
