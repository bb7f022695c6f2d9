import { fill, mul, ones, type Tensor } from "@tensorflow/tfjs-core";
import { adamw, disposeState, type Kernels, type Progress, type TensorMap } from "../src/index.ts";

export interface AdamwMeasurement {
  name: string;
  parameters: number;
  /** Milliseconds of a step over all parameters: the median, and the fastest. */
  p50Ms: number;
  fastestMs: number;
  /** Of the traffic that AdamW cannot avoid, 28 bytes a parameter: param, grad, mu, nu are read, all but grad written. */
  gigabytesPerSecond: number;
  /** That over what a plain copy reaches in the same run. */
  shareOfCopy: number;
}

export interface AdamwBenchOptions {
  /** In-place kernels of the current backend, measured beside the composition from tfjs-core. */
  kernels?: Kernels;
  /** Encoder layers of hidden size 768 with a vocabulary of 32,768: 16 give the 119.6 million of crammed BERT. */
  layers?: number;
  repeats?: number;
  /** Steps between two readings of the device: several on a GPU, where one reading takes longer than a step. */
  stepsPerReading?: number;
  /** Leaves the composition out: it needs several copies of the parameters. */
  onlyKernels?: boolean;
}

/** The shapes of crammed BERT, by name. */
const shapesOf = (layers: number): Record<string, number[]> => {
  const shapes: Record<string, number[]> = { "embedding.weight": [32_768, 768], "embedding.norm.weight": [768] };
  for (let layer = 0; layer < layers; layer++) {
    shapes[`layers.${layer}.attn.query_key_value.weight`] = [2304, 768];
    shapes[`layers.${layer}.attn.dense.weight`] = [768, 768];
    shapes[`layers.${layer}.ffn.dense_in.weight`] = [3072, 768];
    shapes[`layers.${layer}.ffn.dense_out.weight`] = [768, 1536];
    for (const norm of ["norm1", "norm2"]) {
      for (const part of ["weight", "bias"]) shapes[`layers.${layer}.${norm}.${part}`] = [768];
    }
  }
  return shapes;
};

const progress: Progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1]!;

/** Milliseconds until the device has done the work `count` times, each: reads the small tensor that the last one ends with. */
const timed = async (work: () => Tensor, count: number): Promise<number> => {
  const start = performance.now();
  for (let i = 1; i < count; i++) work();
  await work().data();
  return (performance.now() - start) / count;
};

/**
 * AdamW steps over the parameters of crammed BERT, in place and composed, and copies of the same tensors for the
 * bandwidth, taken in turns. Checks that a step of gradient 1 moves each weight by the learning rate before it measures.
 */
export async function* measureAdamw({
  kernels,
  layers = 16,
  repeats = 10,
  stepsPerReading = 1,
  onlyKernels = false,
}: AdamwBenchOptions = {}): AsyncGenerator<AdamwMeasurement> {
  const shapes = shapesOf(layers);
  const names = Object.keys(shapes);
  const parameters = names.reduce((sum, name) => sum + shapes[name]!.reduce((size, side) => size * side, 1), 0);
  const full = (value: number): TensorMap =>
    Object.fromEntries(names.map((name) => [name, fill(shapes[name]!, value)]));
  const grads = full(1);
  const lent = (): TensorMap => Object.fromEntries(names.map((name) => [name, grads[name]!.clone()]));

  const variant = (given: Kernels | undefined) => {
    const optimizer = adamw({ learningRate: 1e-3, weightDecay: 0, kernels: given });
    let params = full(0);
    let state = optimizer.init(params);
    return {
      step(): Tensor {
        ({ params, state } = optimizer.update(lent(), state, params, progress));
        return params["embedding.norm.weight"]!;
      },
      dispose() {
        for (const tensor of Object.values(params)) tensor.dispose();
        disposeState(state);
      },
    };
  };
  // The device works in order, so a small tensor made after the copies is there when they are.
  const copied = (): Tensor => {
    for (const name of names) mul(grads[name]!, 1).dispose();
    marker.dispose();
    marker = ones([1]);
    return marker;
  };
  let marker: Tensor = ones([1]);

  const variants = new Map<string, ReturnType<typeof variant>>();
  if (kernels?.adamw) variants.set("adamw in place", variant(kernels));
  if (!onlyKernels) variants.set("adamw from tfjs-core", variant(undefined));
  for (const [name, { step }] of variants) {
    const moved = (await step().data())[0]!;
    if (!(Math.abs(moved + 1e-3) < 1e-6))
      throw new Error(`measureAdamw: ${name}: expected a first step of -0.001, got ${moved}`);
  }
  await timed(copied, stepsPerReading);

  const times = new Map<string, number[]>([
    ["copy", []],
    ...[...variants.keys()].map((name) => [name, []] as [string, number[]]),
  ]);
  for (let repeat = 0; repeat < repeats; repeat++) {
    times.get("copy")!.push(await timed(copied, stepsPerReading));
    for (const [name, { step }] of variants) times.get(name)!.push(await timed(step, stepsPerReading));
  }
  const rateOf = (name: string) => ((name === "copy" ? 8 : 28) * parameters) / median(times.get(name)!) / 1e6;
  for (const name of times.keys()) {
    yield {
      name,
      parameters,
      p50Ms: median(times.get(name)!),
      fastestMs: Math.min(...times.get(name)!),
      gigabytesPerSecond: rateOf(name),
      shareOfCopy: rateOf(name) / rateOf("copy"),
    };
  }
  for (const { dispose } of variants.values()) dispose();
  for (const tensor of [...Object.values(grads), marker]) tensor.dispose();
}
