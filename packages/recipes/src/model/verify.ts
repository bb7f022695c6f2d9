import { fromHuggingFaceBert, requireTensors, type TensorEntry } from "@cramkit/checkpoint";
import { type Fixture, readFixture } from "@cramkit/checkpoint/node";
import { checkOptions } from "@cramkit/errors";
import {
  classificationLoss,
  classify,
  encode,
  type Inputs,
  type ModelConfig,
  maskedLanguageModelLoss,
  modelConfigFromFixture,
  type Params,
  parameterShapes,
  predictTokens,
  valueAndNamedGrads,
} from "@cramkit/model";
import { adamw, clip, disposeState, type OptimizerKernels } from "@cramkit/optim";
import { slice, type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { disposeTensors, type NamedTensors, tensorsOf } from "../named-tensors.ts";

/** Relative errors; of `grad` and `after3` the worst tensor's, which is named. */
export interface FixtureErrors {
  readonly loss: number;
  /**
   * Error of the hidden states.
   *
   * @defaultValue absent if the case has no hidden state to compare
   */
  readonly hidden?: number;
  readonly logits: number;
  readonly gradNorm: number;
  readonly grad: { readonly name: string; readonly error: number };
  /** Of the change of the weights over three steps of AdamW under a clipped norm. */
  readonly after3: { readonly name: string; readonly error: number };
}

export interface Verification {
  readonly case: string;
  readonly pass: boolean;
  readonly errors: FixtureErrors;
}

/** What a correct implementation stays within: float32 as the fixtures state it; mixed as half precision allows. */
export const tolerances = {
  float32: { loss: 1e-5, hidden: 1e-4, logits: 1e-4, gradNorm: 1e-3, grad: 1e-3, after3: 2e-2 },
  // With epsilon 1e-12 AdamW turns the sign of a gradient near zero into a full step: after3 says nothing about rounding.
  mixed: { loss: 5e-3, hidden: 2e-2, logits: 2e-2, gradNorm: 2e-2, grad: 5e-2, after3: Number.POSITIVE_INFINITY },
} as const;

interface VerifyOptions {
  readonly precision: keyof typeof tolerances;
  readonly kernels?: OptimizerKernels;
}

/** Recomputes a reference case on the current backend: forward, gradients and three optimizer steps. */
export const verifyFixture = async (path: string, options: VerifyOptions): Promise<Verification> => {
  checkOptions("verifyFixture", options, { precision: true, kernels: true });
  const { precision, kernels } = options;
  const fixture = await readFixture(path);
  const config = modelConfigFromFixture(
    fixture.config,
    fixture.params.map(({ name }) => name),
  );
  const ours = (entries: readonly TensorEntry[]) =>
    fixture.config.naming === "bert" ? fromHuggingFaceBert(entries, config) : entries;
  const before = ours(fixture.params);
  requireTensors(parameterShapes(config), before, path);
  const fresh = () => tensorsOf(before);
  const limits = tolerances[precision];

  const params = fresh();
  const { hidden, logits } = await forward(params, config, fixture);
  const { value, grads } = valueAndNamedGrads(params, (live) => lossOf(live, config, fixture));
  const loss = (await value.data())[0]!;
  const found = await dataOf(grads);
  for (const tensors of [params, grads, { value }]) disposeTensors(tensors);
  const after = await threeSteps(fresh(), config, fixture, kernels);

  const start = new Map(before.map(({ name, data }) => [name, numbers(data)]));
  const change = (name: string, weights: ArrayLike<number>) => Array.from(weights, (w, i) => w - start.get(name)![i]!);
  const { expect } = fixture;
  /** A fixture that lacks the expected values of a parameter passes nothing: its error is NaN. */
  const whole = (entries: readonly TensorEntry[]): TensorEntry[] => {
    const named = new Map(entries.map((entry) => [entry.name, entry]));
    return before.map((entry) => named.get(entry.name) ?? { ...entry, data: new Float32Array(0) });
  };
  const errors: FixtureErrors = {
    loss: relative([loss], [expect.loss]),
    ...(hidden && expect.hidden && { hidden: relative(hidden, numbers(expect.hidden.data)) }),
    logits: relative(logits, numbers(expect.logits.data)),
    gradNorm: relative([Math.hypot(...[...found.values()].map((grad) => norm(grad)))], [expect.gradNorm]),
    grad: worst(whole(ours(expect.grads)), (name, data) => relative(found.get(name)!, data, 1e-6 * expect.gradNorm)),
    after3: worst(whole(ours(expect.after3)), (name, data) =>
      relative(change(name, after.get(name)!), change(name, data)),
    ),
  };
  const within = (error: number, limit: number) => error <= limit; // false for NaN
  const pass =
    within(errors.loss, limits.loss) &&
    within(errors.hidden ?? 0, limits.hidden) &&
    within(errors.logits, limits.logits) &&
    within(errors.gradNorm, limits.gradNorm) &&
    within(errors.grad.error, limits.grad) &&
    within(errors.after3.error, limits.after3);
  return { case: fixture.case, pass, errors };
};

const inputsOf = ({ batch }: Fixture): Inputs => ({
  inputIds: tensor(numbers(batch.inputIds.data), [...batch.inputIds.shape], "int32"),
  ...(batch.attentionMask && {
    attentionMask: tensor(numbers(batch.attentionMask.data), [...batch.attentionMask.shape], "float32"),
  }),
});

const lossOf = (params: Record<string, Tensor>, config: ModelConfig, fixture: Fixture): Tensor => {
  const labels = numbers(fixture.batch.labels.data);
  if (config.head.type !== "masked-language-model")
    return tidy(() => classificationLoss(params, config, inputsOf(fixture), labels));
  const { inputIds, attentionMask } = fixture.batch;
  const positions = Int32Array.from(labels.keys()).filter((at) => labels[at]! >= 0);
  return maskedLanguageModelLoss(params, config, {
    batchSize: inputIds.shape[0]!,
    seqLength: inputIds.shape[1]!,
    inputIds: Int32Array.from(numbers(inputIds.data)),
    positions,
    targets: positions.map((at) => labels[at]!),
    ...(attentionMask && { attentionMask: Float32Array.from(numbers(attentionMask.data)) }),
  });
};

/** Hidden state and the logits that a fixture keeps: of the first four positions, or of the classes. */
const forward = async (params: Params, config: ModelConfig, fixture: Fixture) => {
  const isMasked = config.head.type === "masked-language-model";
  const [hidden, logits] = tidy(() => {
    const inputs = inputsOf(fixture);
    if (!isMasked) return [undefined, classify(params, config, inputs)];
    const hidden = encode(params, config, inputs);
    const first = slice(hidden, [0, 0, 0], [hidden.shape[0]!, fixture.expect.logits.shape[1]!, config.hidden]);
    return [hidden, predictTokens(params, config, first)];
  }) as [Tensor | undefined, Tensor];
  const values = { hidden: hidden && (await hidden.data()), logits: await logits.data() };
  hidden?.dispose();
  logits.dispose();
  return values;
};

/** Consumes the parameters. */
const threeSteps = async (
  params: Params,
  config: ModelConfig,
  fixture: Fixture,
  kernels: OptimizerKernels | undefined,
) => {
  const { lr, betas, eps, weight_decay: weightDecay, clip: maxNorm } = fixture.optimizer;
  const stepped = adamw({
    learningRate: lr,
    b1: betas[0],
    b2: betas[1],
    epsilon: eps,
    weightDecay,
    kernels,
    noDecay: decayed(fixture, params),
  });
  const optimizer = clip(stepped, { maxNorm, kernels });
  let live: NamedTensors = params;
  let state = optimizer.init(live);
  for (let step = 0; step < 3; step++) {
    const { value, grads } = valueAndNamedGrads(live, (values) => lossOf(values, config, fixture));
    value.dispose();
    const progress = { microbatch: step, step, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
    ({ params: live, state } = optimizer.update(grads, state, live, progress));
  }
  const after = await dataOf(live);
  disposeTensors(live);
  disposeState(state);
  return after;
};

/** The fixture's exclusions, without those that none of its parameters has: adamw takes them for typing errors. */
const decayed = ({ decayExcluded }: Fixture, params: NamedTensors): string[] =>
  decayExcluded.filter((part) => Object.keys(params).some((name) => name.includes(part)));

const dataOf = async (tensors: NamedTensors): Promise<Map<string, ArrayLike<number>>> => {
  const values = new Map<string, ArrayLike<number>>();
  for (const [name, value] of Object.entries(tensors)) values.set(name, await value.data());
  return values;
};

const numbers = (data: TensorEntry["data"]): number[] => Array.from(data as ArrayLike<number | bigint>, Number);

const norm = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
};

/**
 * |a - b| / (|b| + floor). A floor, small against the whole, keeps the rounding of what is zero in exact arithmetic (the
 * bias of a norm whose output nothing reads) from looking like an error.
 */
const relative = (a: ArrayLike<number>, b: ArrayLike<number>, floor = 1e-30): number => {
  if (a.length !== b.length) return Number.NaN;
  return norm(Array.from(a, (value, i) => value - b[i]!)) / (norm(b) + floor);
};

const worst = (entries: readonly TensorEntry[], errorOf: (name: string, data: number[]) => number) => {
  let found = { name: "", error: 0 };
  for (const { name, data } of entries) {
    const error = errorOf(name, numbers(data));
    // NaN is the worst of all, and stays it.
    if (!Number.isNaN(found.error) && !(error <= found.error)) found = { name, error };
  }
  return found;
};
