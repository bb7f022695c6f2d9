import { attention, linear } from "@cramkit/ops";
import {
  attentionVariants,
  epilogueVariants,
  gemmVariants,
  type KernelVariant,
  subgroupSizes,
} from "@cramkit/ops/webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { deviceBackend, disposeComputed, startCompute } from "../measure/compute.ts";
import { noise } from "../measure/noise.ts";
import { rateOf } from "../measure/record.ts";
import { isLost, type Suite, type SuiteContext } from "../measure/suite.ts";
import { spread } from "../measure/timing.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Something that several variants of kernels compute, forward and backward. */
interface Sweep {
  name: string;
  inputs(): tf.Tensor[];
  run: Op;
  variants: Record<string, string>[];
  /** What a dispatch belongs to: a form of the product or a direction of attention; what follows it up belongs there too. */
  modeOf: RegExp;
  /** Useful floating-point operations of a mode; modes that are not named are not compared. */
  flops: Record<string, number>;
}

/** Families whose variants say little alone. */
const labels: Record<string, string> = {
  gemmSplits: "splits",
  prefetch: "slices on their way",
  epilogue: "epilogue",
  subgroupSize: "subgroups of",
  weightGradients: "gradients of weights",
};

const named = (variants: Record<string, string>): string =>
  Object.keys(variants).length === 0
    ? "the usual choice"
    : Object.entries(variants)
        .map(([family, name]) => (family in labels ? `${labels[family]} ${name}` : name))
        .join(", ");

/** Sizes of subgroups to ask for. */
const sizes = (): Record<string, string>[] =>
  subgroupSizes(deviceBackend().capabilities!).map((size) => ({ subgroupSize: `${size}` }));

const inTier = (all: KernelVariant[]): KernelVariant[] => {
  const { tier } = deviceBackend().capabilities!;
  return all.filter(({ tiers }) => tiers.includes(tier));
};

/** With `quick`, one product: a software adapter takes minutes to compile what one has. */
const sweepsOf = ({ config, batch, seq }: Shape, quick: boolean): Sweep[] => {
  const { hidden, heads, intermediate } = config;
  const rows = batch * seq;
  const gated = config.activation.endsWith("-glu");
  const product = (name: string, m: number, inputs: number, outputs: number): Sweep => {
    const flops = 2 * m * inputs * outputs;
    return {
      name: `linear ${name} [${m}, ${inputs}] -> ${outputs}`,
      inputs: () => [noise([m, inputs]), noise([outputs, inputs], 0.05, 2)],
      run: (x, weight) => linear(x!, weight!),
      variants: [
        {},
        ...inTier(gemmVariants()).map(({ name }) => ({ gemm: name })),
        ...["1", "2", "4", "7"].map((gemmSplits) => ({ gemmSplits })),
        ...["2", "3"].map((prefetch) => ({ prefetch })),
        // The largest tiles have no memory to spare: the next one shows what an epilogue of another cut gives.
        ...inTier(epilogueVariants()).flatMap(({ name: epilogue }): Record<string, string>[] => [
          { epilogue },
          { gemm: "matrix.128x128", epilogue },
        ]),
        ...sizes(),
      ],
      modeOf: /^gemm\.(nt|nn|tn)\./,
      flops: { nt: flops, nn: flops, tn: flops },
    };
  };
  const up = product("up", rows, hidden, intermediate);
  const products = [
    product("out", rows, hidden, hidden),
    up,
    product("down", rows, gated ? intermediate / 2 : intermediate, hidden),
  ];
  const layers = 5;
  const stack = 2 * rows * hidden * hidden * layers;
  const weights: Sweep = {
    name: `linear, ${layers} layers [${rows}, ${hidden}] -> ${hidden}`,
    inputs: () => [noise([rows, hidden]), ...range(layers).map((i) => noise([hidden, hidden], 0.05, i + 2))],
    run: (x, ...all) => all.reduce((y, weight) => linear(y, weight), x!),
    variants: [{}, { weightGradients: "apart" }],
    modeOf: /^gemm\.(nt|nn|tn)\./,
    flops: { tn: stack },
  };
  const scores = 2 * batch * seq * seq * hidden;
  return [
    ...(quick ? [up] : [...products, weights]),
    {
      name: `attention ${batch} x ${heads} x ${seq} x ${hidden / heads}`,
      inputs: () => [noise([batch, seq, 3 * hidden])],
      run: (qkv) => attention(qkv!, { heads }),
      variants: [{}, ...inTier(attentionVariants()).map(({ name }) => ({ attention: name })), ...sizes()],
      modeOf: /^attention\.(forward|delta|query|key|backward)\./,
      // Scores and values; scores, their gradient and that of queries; the same with those of keys and values; both in one.
      flops: { forward: 2 * scores, query: 3 * scores, key: 4 * scores, backward: 7 * scores },
    },
  ];
};

/** Milliseconds and kernels of each mode in a call, over some calls in a row: a device at rest lowers its clock. */
const timeModes = async (
  modeOf: RegExp,
  body: () => void,
  calls = 1,
): Promise<Map<string, { ms: number; kernels: Set<string> }>> => {
  const modes = new Map<string, { ms: number; kernels: Set<string> }>();
  let mode: string | undefined;
  const all = () => {
    for (let call = 0; call < calls; call++) body();
  };
  for (const { key, ms } of await deviceBackend().profile!(all)) {
    // Copies as f16 are made once a step, whichever variant reads them.
    if (key.startsWith("half.")) continue;
    mode = modeOf.exec(key)?.[1] ?? mode;
    if (mode === undefined) continue;
    const sum = modes.get(mode) ?? { ms: 0, kernels: new Set() };
    modes.set(mode, { ms: sum.ms + ms / calls, kernels: sum.kernels.add(key) });
  }
  return modes;
};

/** Relative L2 distance of tensors, computed where they are. */
const farthest = async (got: tf.Tensor[], want: tf.Tensor[]): Promise<number> => {
  const errors = tf.tidy(() =>
    got.map((one, i) => tf.div(tf.norm(tf.sub(one, want[i]!)), tf.maximum(tf.norm(want[i]!), 1e-30))),
  );
  const values = await Promise.all(errors.map((error) => error.data()));
  tf.dispose(errors);
  const worst = Math.max(...values.map((value) => value[0]!));
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
};

/** Variants add in different orders, and may round a result to f16. */
const tolerance = 1e-3;

const measureSweep = async (one: Sweep, shape: Shape, { options, emit, fail, skip }: SuiteContext): Promise<void> => {
  const { capabilities } = deviceBackend();
  const use = (variants: Record<string, string>) => Object.assign(capabilities!, { variants });
  const inputs = one.inputs();
  const dy = tf.tidy(() => noise([...one.run(...inputs).shape], 1, 5));
  const evaluate = (): tf.Tensor[] => {
    const { value, grads } = tf.valueAndGrads(one.run)(inputs, dy);
    return [value, ...grads];
  };
  const body = () => disposeComputed(...evaluate());
  use({});
  const want = evaluate();
  const entries: { who: string; variants: Record<string, string>; error: number; times: Map<string, number[]> }[] = [];
  const kernelsOf = new Map<string, Map<string, string>>();
  try {
    for (const variants of one.variants) {
      const who = named(variants);
      try {
        use(variants);
        const got = evaluate();
        const error = await farthest(got, want);
        tf.dispose(got);
        if (!(error <= tolerance))
          throw new Error(`expected what the usual choice computes, within ${tolerance}, got a distance of ${error}`);
        const kernels = [...(await timeModes(one.modeOf, body))].map(
          ([mode, { kernels }]) => [mode, [...kernels].join(" + ")] as const,
        );
        const same = [...kernelsOf].find(([, known]) => kernels.every(([mode, text]) => known.get(mode) === text));
        if (same && variants.gemmSplits === undefined) skip(one.name, who, `the same kernels as ${same[0]}`);
        else entries.push({ who, variants, error, times: new Map() });
        kernelsOf.set(who, new Map(kernels));
      } catch (error) {
        fail(one.name, who, error);
        if (isLost(error)) throw error;
      }
    }
    const [samples, calls] = options.quick ? [2, 1] : [8, 5];
    // One more than is kept, to wake the device.
    for (let sample = -1; sample < samples; sample++)
      for (let i = 0; i < entries.length; i++) {
        const { variants, times } = entries[(i + sample + 1) % entries.length]!;
        use(variants);
        const modes = await timeModes(one.modeOf, body, calls);
        if (sample < 0) continue;
        for (const [mode, { ms }] of modes) times.set(mode, [...(times.get(mode) ?? []), ms]);
      }
  } finally {
    use({});
    tf.dispose([want, inputs, dy]);
  }
  for (const [mode, flops] of Object.entries(one.flops))
    for (const { who, error, times } of entries) {
      const ms = times.get(mode);
      if (!ms || ms.some((each) => each <= 0)) continue;
      const time = spread(ms);
      emit({
        ...{ kind: "measurement", suite: "sweep", case: one.name, mode, provider: who, error },
        ...{ backend: options.backend, precision: options.precision, shape: shape.name, unit: "GFLOP/s" },
        value: spread(ms.map((each) => rateOf("GFLOP/s", flops, each))),
        ...{ ms: time, samples: ms.length, clock: "device", bound: "matmul", load: 0 },
        kernel: kernelsOf.get(who)!.get(mode)!,
      });
    }
};

export const sweepSuite: Suite = {
  name: "sweep",
  describes: "every variant of the products and of attention that the device has, beside the one that is chosen",
  hasShapes: true,
  async run(context) {
    const { options, fail, skip } = context;
    if (options.backend !== "webgpu") {
      skip("-", "-", "only kernels on WebGPU have variants to choose from");
      return;
    }
    await startCompute(options);
    if ((await deviceBackend().profile!(() => tf.dispose(tf.tidy(() => tf.add(tf.ones([4]), 1))))).length === 0) {
      skip("-", "-", "the device has no timestamp-query");
      return;
    }
    if (sizes().length === 0) skip("-", "subgroups of a size", "the device has no subgroup-size-control");
    for (const shape of shapesOf(options))
      for (const one of sweepsOf(shape, options.quick)) {
        try {
          await measureSweep(one, shape, context);
        } catch (error) {
          fail(one.name, "cramkit", error);
          if (isLost(error)) return;
        }
      }
  },
};
