import { parameterShapes } from "@cramkit/model";
import { optimizerKernels } from "@cramkit/ops";
import { adamw, disposeState, lion, type Optimizer, type OptimizerKernels, sgd } from "@cramkit/optim";
import * as tf from "@tensorflow/tfjs-core";
import { distance, startCompute } from "../measure/compute.ts";
import type { Contestant, Suite, SuiteContext } from "../measure/suite.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";
import { composedNorm } from "../workloads/training-step.ts";

type Tensors = Record<string, tf.Tensor>;
const progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };

const tensorsOf = ({ config }: Shape, value: number): Tensors =>
  Object.fromEntries(parameterShapes(config).map(({ name, shape }) => [name, tf.fill([...shape], value)]));

/** Steps of one optimizer over all parameters of a model, with gradients of 1. */
const contestantOf = (
  provider: string,
  shape: Shape,
  optimizer: Optimizer,
  bytes: number,
  firstStep: number,
): Contestant & { dispose(): void } => {
  const grads = tensorsOf(shape, 1);
  let params: Tensors = tensorsOf(shape, 0);
  let state = optimizer.init(params);
  const lent = () => Object.fromEntries(Object.entries(grads).map(([name, grad]) => [name, grad.clone()]));
  const step = () => {
    const next = optimizer.update(lent(), state, params, progress);
    [params, state] = [next.params as Tensors, next.state];
  };
  return {
    ...{ provider, mode: "step", work: bytes, tolerance: 1e-4, run: step },
    // From 0, every weight moves by the same known first step.
    async check() {
      step();
      let worst = 0;
      for (const param of Object.values(params)) {
        const want = tf.fill(param.shape, firstStep);
        worst = Math.max(worst, await distance(param, want));
        want.dispose();
      }
      return worst;
    },
    dispose() {
      tf.dispose([params, grads]);
      disposeState(state);
    },
  };
};

const measureNorm = async (
  shape: Shape,
  kernels: OptimizerKernels,
  { measure }: SuiteContext,
  parameters: number,
): Promise<void> => {
  const grads = Object.values(tensorsOf(shape, 2));
  const bytes = 4 * parameters;
  const composed = () => composedNorm(grads);
  const contestant = (provider: string, norm: () => tf.Tensor): Contestant => ({
    ...{ provider, work: bytes, tolerance: 1e-4, run: () => norm().dispose() },
    async check() {
      const value = norm();
      const got = (await value.data())[0]!;
      value.dispose();
      return Math.abs(got / (2 * Math.sqrt(parameters)) - 1);
    },
  });
  const contestants = [contestant("tfjs-core composition", composed)];
  if (kernels.globalNorm) contestants.unshift(contestant("cramkit", () => kernels.globalNorm!(grads)));
  await measure({ case: "global norm", shape: shape.name, unit: "GB/s", bound: "copy", contestants });
  tf.dispose(grads);
};

export const optimSuite: Suite = {
  name: "optim",
  describes: "optimizer steps over a model's parameters, in place and composed: GB/s of the traffic they cannot avoid",
  hasShapes: true,
  async run(context) {
    await startCompute(context.options);
    for (const shape of shapesOf(context.options)) {
      try {
        const parameters = parameterShapes(shape.config).reduce(
          (sum, one) => sum + one.shape.reduce((a, b) => a * b, 1),
          0,
        );
        const kernels = optimizerKernels();
        const settings = { learningRate: 1e-3, weightDecay: 0 };
        const name = `${shape.name}, ${(parameters / 1e6).toFixed(1)} M`;
        const run = async (title: string, contestants: (Contestant & { dispose(): void })[]) => {
          await context.measure({ case: title, shape: name, unit: "GB/s", bound: "copy", contestants });
          for (const { dispose } of contestants) dispose();
        };
        // param, mu, nu read and written, grad read: 28 bytes a parameter
        await run("AdamW", [
          ...(kernels ? [contestantOf("cramkit", shape, adamw({ ...settings, kernels }), 28 * parameters, -1e-3)] : []),
          contestantOf("tfjs-core composition", shape, adamw(settings), 28 * parameters, -1e-3),
        ]);
        await run("Lion", [contestantOf("cramkit", shape, lion(settings), 20 * parameters, -1e-3)]);
        await run("SGD", [
          contestantOf("cramkit", shape, sgd({ learningRate: 1e-3, momentum: 0 }), 12 * parameters, -1e-3),
        ]);
        await measureNorm(shape, kernels ?? {}, context, parameters);
      } catch (error) {
        context.fail(shape.name, "cramkit", error);
      }
    }
  },
};
