import { init, type Params } from "@cramkit/model";
import { maskedBatches, rowsInMemory } from "@cramkit/packer";
import { initialState, train } from "@cramkit/trainer";
import * as tf from "@tensorflow/tfjs-core";
import { startCompute } from "../measure/compute.ts";
import type { Contestant, Suite } from "../measure/suite.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";
import { type Batch, batchOf, gradient, optimizerOf } from "../workloads/training-step.ts";

/** Microbatches of a sample: enough that the loop's start does not count. */
const perSample = 8;

/** The same microbatches by hand: gradient, optimizer, nothing else. */
const bareSteps = (shape: Shape) => {
  const [batch, optimizer] = [batchOf(shape), optimizerOf()];
  let params = init(shape.config, 1);
  let state = optimizer.init(params);
  return async () => {
    const losses: tf.Scalar[] = [];
    for (let i = 0; i < perSample; i++) {
      const { loss, grads } = gradient(params, shape.config, batch);
      const progress = { microbatch: i, step: i, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
      const next = optimizer.update(grads, state, params, progress);
      [params, state] = [next.params, next.state];
      losses.push(loss);
    }
    for (const loss of losses) await loss.data();
    tf.dispose(losses);
  };
};

/** The trainer's loop over the same microbatches; `batches` may be one batch again and again, or the packer's. */
const loopSteps = (shape: Shape, batches: () => AsyncIterable<{ batch: Batch; cursor: unknown }>) => {
  const optimizer = optimizerOf();
  let state = initialState<Params, ReturnType<typeof optimizer.init>, Params>(
    init(shape.config, 1),
    optimizer as never,
  );
  return async () => {
    const end = state.progress.microbatch + perSample;
    const reports = train<Params, typeof state.optimizer, Batch, Params>({
      state,
      batches: batches(),
      grad: (params, batch) => gradient(params, shape.config, batch),
      optimizer: optimizer as never,
      budget: ({ microbatch }) => microbatch / end,
      size: ({ batchSize, seqLength }) => ({ examples: batchSize, tokens: batchSize * seqLength }),
    });
    for await (const report of reports) state = report.state;
    if (state.progress.microbatch !== end)
      throw new Error(`expected ${end} microbatches, got ${state.progress.microbatch}`);
    state = { ...state, progress: { ...state.progress, fraction: 0 } };
  };
};

async function* again(batch: Batch) {
  for (;;) yield { batch, cursor: null };
}

const loadedRows = ({ config, batch, seq }: Shape) => {
  const rows = 2 * perSample * batch;
  const tokens = Uint16Array.from({ length: rows * seq }, (_, i) => 7 + ((i * 7919) % (config.vocabSize - 7)));
  const source = rowsInMemory(tokens, { seqLength: seq, vocabSize: config.vocabSize });
  return () => maskedBatches(source, { batchSize: batch, maskId: 6, epochs: Number.POSITIVE_INFINITY });
};

export const loopSuite: Suite = {
  name: "loop",
  describes: "the trainer's loop, with and without the packer's batches, against bare steps",
  hasShapes: true,
  async run(context) {
    await startCompute(context.options);
    for (const shape of shapesOf(context.options)) {
      const work = perSample * shape.batch * shape.seq;
      const contestant = (provider: string, run: () => Promise<void>): Contestant => ({
        provider,
        mode: "step",
        work,
        run,
      });
      try {
        await context.measure({
          case: `${perSample} microbatches`,
          shape: shape.name,
          unit: "tokens/s",
          limitMs: 90_000,
          contestants: [
            contestant("bare steps", bareSteps(shape)),
            contestant(
              "trainer's loop",
              loopSteps(shape, () => again(batchOf(shape))),
            ),
            contestant("trainer's loop and loader", loopSteps(shape, loadedRows(shape))),
          ],
        });
      } catch (error) {
        context.fail(shape.name, "cramkit", error);
      }
    }
  },
};
