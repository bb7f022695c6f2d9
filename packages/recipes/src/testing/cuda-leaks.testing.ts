import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startCuda } from "@cramkit/backend/cuda";
import { buildCudaEmulator, type CudaEmulator } from "@cramkit/backend/cuda-emulator";
import { init } from "@cramkit/model";
import { optimizerKernels, registerGradients } from "@cramkit/ops";
import { cudaKernels } from "@cramkit/ops/cuda";
import { disposeState, lossScale } from "@cramkit/optim";
import { engine, tidy } from "@tensorflow/tfjs-core";
import { smoke } from "../catalogue/smoke.ts";
import { disposeTensors } from "../named-tensors.ts";
import { modelOf } from "../recipe/model-of.ts";
import { trainingOptimizer } from "../recipe/optimizer.ts";
import { trainingLoss } from "../recipe/training-loss.ts";
import { maskedLanguageModelGradient } from "../train/gradient.ts";
import { recordedGradients } from "../train/recorded-gradients.ts";

/** What the driver and tfjs have of a program; none of it may grow with the steps. */
export type Held = Record<(typeof kept)[number] | "tensors" | "dataBuffers" | "resources", number>;

const kept = ["bytes", "allocations", "pinnedBytes", "streams", "events", "graphs", "modules", "contexts"] as const;

const heldBy = (emulator: CudaEmulator): Held => {
  const { numTensors, numDataBuffers } = engine().state;
  return {
    ...(Object.fromEntries(kept.map((key) => [key, emulator.get(key)])) as Record<(typeof kept)[number], number>),
    ...{ tensors: numTensors, dataBuffers: numDataBuffers },
    // Timers, sockets, callbacks of native calls: what keeps a process alive.
    resources: process.getActiveResourcesInfo().length,
  };
};

/** Bytes of this process: what JavaScript lives on, and what lies beside it. */
const memoryAfterCollection = () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { heapUsed, external: external + arrayBuffers, rss };
};

const batchOf = (step: number) => {
  const [batchSize, seqLength] = [2, 16];
  const inputIds = Int32Array.from({ length: batchSize * seqLength }, (_, i) => (step + 7 * i) % 100);
  const positions = Int32Array.from({ length: 8 }, (_, i) => 4 * i);
  return { batchSize, seqLength, inputIds, positions, targets: positions.map((i) => (i + step) % 100) };
};

/**
 * Trains for so many steps of two microbatches, in rounds of ten: six steps are recorded, a snapshot of the weights ends the recording, and an
 * evaluation comes between. The driver launches nothing, so that only what is taken and given back counts. What was held after the second
 * round, and after the last.
 */
export const leaksOf = async (steps: number) => {
  const emulator = buildCudaEmulator();
  emulator.set("skipKernels", 1);
  registerGradients();
  const started = await startCuda({ library: emulator.library, precision: "mixed" }, cudaKernels);
  const recipe = smoke();
  const config = { ...modelOf(recipe, 100), dropout: 0.1 };
  const training = { ...recipe.training, batchSize: 4, batchRamp: 0 };
  const kernels = optimizerKernels();
  const { optimizer } = trainingOptimizer({ training, backend: { ...recipe.backend, precision: "mixed" } }, 2, kernels);
  const recorded = recordedGradients({ recorder: started.backend, config, say: (message) => expectNone(message) });
  const loss = trainingLoss(config, recipe.training.loss);
  const options = { dropoutSeed: 1, lossScale };
  const plain = maskedLanguageModelGradient(config, loss, options);
  const gradient = maskedLanguageModelGradient(config, loss, { ...options, differentiate: recorded.differentiate });
  let params = init(config, 1);
  let state = optimizer.init(params);
  const take = async (microbatch: number, by: typeof gradient) => {
    const progress = { microbatch, step: microbatch >> 1, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
    const { loss, grads } = by(params, batchOf(microbatch), progress, state);
    const next = await optimizer.update(grads, state, params, progress);
    ({ params, state } = next);
    await loss.data();
    loss.dispose();
  };
  const round = async (first: number) => {
    for (let step = first; step < first + 10; step++)
      for (const i of [0, 1]) await take(2 * step + i, step % 10 < 3 ? plain : gradient);
    const snapshot = Object.values(params).map((param) => param.clone());
    await take(2 * (first + 10), plain);
    await take(2 * (first + 10) + 1, plain);
    for (const tensor of snapshot) tensor.dispose();
    tidy(() => void loss(params, batchOf(first)).dataSync());
    recorded.drop();
  };
  for (const first of [0, 10]) await round(first);
  const before = { held: heldBy(emulator), process: memoryAfterCollection() };
  for (let first = 20; first < 20 + steps; first += 10) await round(first);
  const after = { held: heldBy(emulator), process: memoryAfterCollection() };
  disposeTensors(params);
  disposeState(state);
  started.dispose();
  const end = heldBy(emulator);
  const replays = emulator.get("graphLaunches");
  emulator.set("skipKernels", 0);
  return { before, after, end, replays };
};

const expectNone = (message: string): never => {
  throw new Error(`leaksOf: expected all steps to be recorded, got "${message}"`);
};

/** What starting and ending the backend leaves in this process. */
export const leaksOfStarts = async (starts: number) => {
  const emulator = buildCudaEmulator();
  const start = async () => {
    const started = await startCuda({ library: emulator.library }, cudaKernels);
    started.dispose();
  };
  for (let i = 0; i < 5; i++) await start();
  const before = { held: heldBy(emulator), process: memoryAfterCollection() };
  for (let i = 0; i < starts; i++) await start();
  return { before, after: { held: heldBy(emulator), process: memoryAfterCollection() } };
};
