import { add, div, mul, sqrt, square, sub, Tensor, tidy, where, zerosLike } from "@tensorflow/tfjs-core";
import type { Optimizer, Rate, TensorMap, Updated } from "../contracts.ts";
import { checkCount, checkFit, checkNoMore, rateAt } from "../state/check.ts";
import {
  blocksOf,
  type Coded,
  type CodeTable,
  codedZeros,
  codeTable,
  decoded,
  encoded,
  fromBlocks,
  inBlocks,
} from "../state/codes.ts";
import { defineOptimizer } from "../state/define-optimizer.ts";
import { isTaken, scaledOrZero } from "../state/device-scalar.ts";
import { asMeasured } from "../state/tensor-map.ts";
import { type AdamwOptions, checkAdamw } from "./adamw.ts";

export interface Adamw8bitOptions extends Omit<AdamwOptions, "kernels" | "learningRate"> {
  /**
   * Step size, a number or a schedule.
   *
   * @defaultValue `5e-4`
   */
  learningRate?: Rate;
  /**
   * Elements of the smallest tensor whose moments are kept in 8 bits; those of smaller ones are float32.
   *
   * @defaultValue `4096`, as in bitsandbytes
   */
  minSize?: number;
}

type Moment = Tensor | Coded;
type Moments = { readonly [name: string]: Moment };
type Adamw8bitState = { count: number; mu: Moments; nu: Moments };

/**
 * AdamW whose moments are kept in 8 bits (Dettmers et al., arXiv 2110.02861), as bitsandbytes' `AdamW8bit` and `Adam8bit`, whose
 * decay is decoupled, too. In each block of 256 values a moment is its largest absolute value, a float32, times one of 256
 * values of a dynamic map, with signs for the first moment and without for the second. A step decodes them, computes in float32,
 * and rounds what it leaves behind:
 *
 *     mu = b1 mu + (1 - b1) g,  nu = b2 nu + (1 - b2) g^2
 *     param -= learningRate (mu / (1 - b1^t) / (sqrt(nu / (1 - b2^t)) + epsilon) + weightDecay param)
 *     mu = decode(encode(mu)),  nu = decode(encode(nu))
 *
 * Four codes are one int32, on the device and in a checkpoint: 2.03 bytes for both moments of a parameter in place of 8. On
 * WebGPU and WebGL, whose kernels for int32 are exact to 24 bits, they are three: 2.72 bytes. Gradients and parameters stay
 * float32, and while a step works on a tensor its moments are float32, too. There is no fused kernel and no paging.
 *
 * The second moment of a value is rounded to 0 if its gradients were below 1/2500 of the largest one of its block. Its steps are
 * then as long as the last gradient is small, in bitsandbytes as here: the paper keeps embeddings stable for that reason.
 */
export const adamw8bit = ({
  learningRate = 5e-4,
  b1 = 0.9,
  b2 = 0.98,
  epsilon = 1e-12,
  weightDecay = 0.01,
  noDecay,
  minSize = 4096,
  ...unknown
}: Adamw8bitOptions = {}): Optimizer<Updated> => {
  checkNoMore("adamw8bit", unknown, "learningRate, b1, b2, epsilon, weightDecay, noDecay, minSize");
  checkCount("adamw8bit", { minSize });
  const mask = checkAdamw("adamw8bit", { learningRate, b1, b2, epsilon, weightDecay, noDecay });
  const zerosFor = (params: TensorMap, table: CodeTable): Moments =>
    Object.fromEntries(
      Object.entries(params).map(([name, param]) => [
        name,
        param.size < minSize ? zerosLike(param) : tidy(() => codedZeros(param.size, table)),
      ]),
    );
  return defineOptimizer<Adamw8bitState>({
    init(params) {
      mask.check(Object.keys(params));
      return withTables(({ signed, unsigned }) => ({
        count: 0,
        mu: zerosFor(params, signed),
        nu: zerosFor(params, unsigned),
      }));
    },
    update(gradients, { count, mu, nu }, params, progress, gradScale) {
      const { grads } = asMeasured(gradients);
      checkFit("adamw8bit", "gradients", grads, params);
      checkFit("adamw8bit", "mu", shapesOf(mu, params), params);
      checkFit("adamw8bit", "nu", shapesOf(nu, params), params);
      const step = count + 1;
      const rate = rateAt("adamw8bit", learningRate, progress);
      const [correction1, correction2] = [1 - b1 ** step, 1 - b2 ** step];
      const taken = gradScale && isTaken(gradScale);
      const next = { params: {}, mu: {}, nu: {} } as Record<"params", Record<string, Tensor>> &
        Record<"mu" | "nu", Record<string, Moment>>;
      withTables(({ signed, unsigned }) => {
        for (const [name, param] of Object.entries(params)) {
          const before = [mu[name]!, nu[name]!] as const;
          const grad = grads[name]!;
          [next.params[name], next.mu[name], next.nu[name]] = tidy(() => {
            const g = taken ? scaledOrZero(grad, gradScale, taken) : grad;
            const m = add(mul(inFull(before[0], param, signed), b1), mul(g, 1 - b1));
            const v = add(mul(inFull(before[1], param, unsigned), b2), mul(square(g), 1 - b2));
            const update = div(div(m, correction1), add(sqrt(div(v, correction2)), epsilon));
            const decayed = mask.decays(name) ? add(update, mul(param, weightDecay)) : update;
            const moved = sub(param, mul(decayed, rate));
            return [
              taken ? where(taken, moved, param) : moved,
              kept(m, before[0], signed, taken),
              kept(v, before[1], unsigned, taken),
            ] as [Tensor, Moment, Moment];
          });
          for (const tensor of [param, grad, ...before.flatMap(tensorsOf)]) tensor.dispose();
        }
      });
      taken?.dispose();
      return { params: next.params, state: { count: step, mu: next.mu, nu: next.nu }, applied: true };
    },
  });
};

const withTables = <T>(use: (tables: { signed: CodeTable; unsigned: CodeTable }) => T): T => {
  const tables = { signed: codeTable(true), unsigned: codeTable(false) };
  try {
    return use(tables);
  } finally {
    for (const { map, borders } of Object.values(tables)) for (const tensor of [map, borders]) tensor.dispose();
  }
};

const isWhole = (moment: Moment): moment is Tensor => moment instanceof Tensor;

const tensorsOf = (moment: Moment): Tensor[] => (isWhole(moment) ? [moment] : [moment.words, moment.scales]);

/** A moment as float32, in the shape of its parameter. */
const inFull = (moment: Moment, { shape, size }: Tensor, table: CodeTable): Tensor =>
  isWhole(moment) ? moment : fromBlocks(decoded(moment, table), shape, size);

/** What stays of a moment, in the form that it had: the one before, if the step is skipped. */
const kept = (moment: Tensor, before: Moment, table: CodeTable, taken: Tensor | undefined): Moment => {
  const chosen = (now: Tensor, old: Tensor) => (taken ? where(taken, now, old) : now);
  if (isWhole(before)) return chosen(moment, before);
  const { words, scales } = encoded(inBlocks(moment), table);
  return { words: chosen(words, before.words), scales: chosen(scales, before.scales) };
};

/** Coded moments have the shape of a parameter if they have as many blocks. */
const shapesOf = (moments: Moments | undefined, params: TensorMap) =>
  moments &&
  Object.fromEntries(
    Object.entries(moments).map(([name, moment]) => {
      if (isWhole(moment)) return [name, moment] as const;
      const param = params[name];
      const fits = param && blocksOf(param.size) === moment.words.shape[0];
      return [name, fits ? param : moment.words] as const;
    }),
  );
