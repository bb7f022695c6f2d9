import "@tensorflow/tfjs-backend-cpu";
import {
  add,
  concat,
  div,
  memory,
  minimum,
  mul,
  reshape,
  scalar,
  setBackend,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  tidy,
  valueAndGrads,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { attention } from "../attention/attention.ts";
import { integers, uniform } from "../conformance-case.ts";
import { dropout } from "../dropout/dropout.ts";
import { embedding } from "../embedding/embedding.ts";
import { gelu } from "../gelu/gelu.ts";
import { glu } from "../glu/glu.ts";
import { registerGradients } from "../gradients/register-gradients.ts";
import { layerNorm } from "../layer-norm/layer-norm.ts";
import { linear } from "../linear/linear.ts";
import { maskedCrossEntropy } from "../masked-cross-entropy/masked-cross-entropy.ts";
import { optimizerKernels } from "../optimizer/kernels.ts";
import { normOfSum, residualNorm } from "../residual-norm/residual-norm.ts";
import { rotary } from "../rotary/rotary.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";

/** A two-layer encoder that uses every op: predicts the successor of the token at a quarter of the positions. */
/** Sizes that need no padding on matrices are 64 and multiples of 128; `vocab` and `wide` are of neither kind. */
const [batch, seq, hidden, heads, vocab, wide] = [4, 16, 64, 4, 80, 48];
const shapes: Record<string, number[]> = {
  embedding: [vocab, hidden],
  "0.norm": [hidden],
  "0.bias": [hidden],
  "0.qkv": [3 * hidden, hidden],
  "0.dense": [hidden, hidden],
  "0.dense.bias": [hidden],
  "0.norm2": [hidden],
  "0.in": [2 * wide, hidden],
  "0.out": [hidden, wide],
  "1.norm": [hidden],
  "1.bias": [hidden],
  "1.qkv": [3 * hidden, hidden],
  "1.dense": [hidden, hidden],
  "1.dense.bias": [hidden],
  "1.norm2": [hidden],
  "1.in": [wide, hidden],
  "1.out": [hidden, wide],
  norm: [hidden],
  "decoder.bias": [vocab],
};
const names = Object.keys(shapes);
const initial = names.map((name, i) => {
  const { values, shape } = uniform(shapes[name]!, 100 + i, 0.25);
  return { shape, values: name.includes("norm") ? values.map((value) => 1 + value / 10) : values };
});

const loss = (params: Tensor[], step: number): Tensor => {
  const p = Object.fromEntries(names.map((name, i) => [name, params[i]!]));
  const ids = integers([batch, seq], step % 8, vocab);
  const positions = Int32Array.from({ length: (batch * seq) / 4 }, (_, i) => 4 * i + (step % 4));
  const targets = positions.map((at) => (ids.values[at]! + 1) % vocab);
  let x = embedding(tensor(ids.values, ids.shape, "int32"), p.embedding!, { paddingId: 0 });
  let branch: Tensor | undefined;
  for (const layer of [0, 1]) {
    const of = (name: string) => p[`${layer}.${name}`]!;
    const stream = step * 4 + layer;
    let normed: Tensor;
    if (branch) {
      const norm = { kind: "layer", epsilon: 1e-6 } as const;
      ({ sum: x, normed } = residualNorm(x, branch, of("norm"), of("bias"), norm));
    } else normed = layerNorm(x, of("norm"), of("bias"), 1e-6);
    const mixed = attention(rotary(linear(normed, of("qkv")), { heads }), {
      heads,
      dropout: { rate: 0.1, key: [1, stream] },
    });
    branch = linear(mixed, of("dense"), of("dense.bias"));
    const norm = { kind: "rms", epsilon: 1e-6, dropout: { rate: 0.1, key: [2, stream] } } as const;
    ({ sum: x, normed } = residualNorm(x, branch, of("norm2"), undefined, norm));
    const inner = linear(normed, of("in"));
    branch = linear(
      dropout(layer === 0 ? glu(inner, "gelu") : gelu(inner), { rate: 0.1, key: [3, stream] }),
      of("out"),
    );
  }
  const last = normOfSum(x, branch!, p.norm!, undefined, { kind: "rms", epsilon: 1e-6 });
  const rows = reshape(last, [batch * seq, hidden]);
  const [at, to] = [tensor(positions, undefined, "int32"), tensor(targets, undefined, "int32")];
  return maskedCrossEntropy(rows, p.embedding!, p["decoder.bias"], at, to);
};

const adam = { b1: 0.9, b2: 0.98, epsilon: 1e-8, weightDecay: 0.01, learningRate: 0.004 };

/** AdamW after clipping at 1, in place if the backend has the kernels. Returns the successors of its arguments. */
const update = (state: Tensor[][], grads: Tensor[], step: number, lossScale: number): Tensor[][] => {
  const [params, mus, nus] = state as [Tensor[], Tensor[], Tensor[]];
  const corrections = { correction1: 1 - adam.b1 ** (step + 1), correction2: 1 - adam.b2 ** (step + 1) };
  const kernels = optimizerKernels();
  const scaleOf = (norm: Tensor) => div(minimum(1, div(lossScale, norm)), lossScale);
  if (kernels) {
    const scale = tidy(() => scaleOf(kernels.globalNorm(grads)));
    const { weightDecay, ...attrs } = adam;
    const updates = params.map((param, i) => ({
      ...{ param, grad: grads[i]!, mu: mus[i]!, nu: nus[i]! },
      weightDecay,
    }));
    kernels.adamw(updates, scale, { ...attrs, ...corrections });
    scale.dispose();
    return state;
  }
  const next = tidy(() => {
    const squares = grads.map((grad) => reshape(sum(square(grad)), [1]));
    const scale = scaleOf(sqrt(sum(concat(squares))));
    return params.flatMap((param, i) => {
      const g = mul(grads[i]!, scale);
      const mu = add(mul(mus[i]!, adam.b1), mul(g, 1 - adam.b1));
      const nu = add(mul(nus[i]!, adam.b2), mul(square(g), 1 - adam.b2));
      const direction = div(
        div(mu, corrections.correction1),
        add(sqrt(div(nu, corrections.correction2)), adam.epsilon),
      );
      return [sub(param, mul(add(direction, mul(param, adam.weightDecay)), adam.learningRate)), mu, nu];
    });
  });
  for (const tensor of state.flat()) tensor.dispose();
  return [0, 1, 2].map((part) => next.filter((_, i) => i % 3 === part));
};

const train = async (steps: number, lossScale = 1, afterStep?: (step: number) => void): Promise<number[]> => {
  const params = initial.map(({ values, shape }) => tensor(values, shape));
  let state: Tensor[][] = [params, params.map((x) => zerosLike(x)), params.map((x) => zerosLike(x))];
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const results = tidy(() => {
      const { value, grads } = valueAndGrads((...xs: Tensor[]) => mul(loss(xs, step), scalar(lossScale)))(state[0]!);
      return [value, ...grads];
    });
    const [value, ...grads] = results as [Tensor, ...Tensor[]];
    state = update(state, grads, step, lossScale);
    losses.push((await value.data())[0]! / lossScale);
    for (const tensor of results) tensor.dispose();
    afterStep?.(step);
  }
  for (const tensor of state.flat()) tensor.dispose();
  return losses;
};

const meanOfLast = (losses: number[], count: number) => losses.slice(-count).reduce((a, b) => a + b, 0) / count;

const tiers = await testableTiers();

describe.runIf(tiers.length > 0)("training a small encoder", () => {
  let started: TestBackend | undefined;
  let reference: number[] | undefined;
  afterEach(() => {
    started?.dispose();
    started = undefined;
  });

  async function onCpu(): Promise<number[]> {
    registerGradients();
    await setBackend("cpu");
    reference ??= await train(50);
    return reference;
  }

  it("follows the references in float32 for 50 steps", async () => {
    const want = await onCpu();
    expect(meanOfLast(want, 8)).toBeLessThan(0.9 * want[0]!);
    started = await startTestBackend();
    started.backend.poison = true;
    const got = await train(50);
    const errors = got.map((value, i) => Math.abs(value - want[i]!) / want[i]!);
    expect(Math.max(...errors)).toBeLessThan(1e-3);
  });

  it.each(tiers.filter((tier) => tier !== "float32"))("ends within 1 % in tier %s", async (tier) => {
    const want = meanOfLast(await onCpu(), 8);
    started = await startTestBackend({ tier, variants: tier === "matrix" ? { gemm: "matrix" } : {} });
    const got = meanOfLast(await train(50, 1024), 8);
    expect(Math.abs(got - want) / want).toBeLessThan(0.01);
  });

  it("leaks nothing and repeats its bind groups over 200 steps", async () => {
    const tier = tiers.at(-1)!;
    started = await startTestBackend({ tier });
    const { backend } = started;
    const seen: { tensors: number; data: number; used: number; allocated: number; bindGroups: number }[] = [];
    await train(200, tier === "float32" ? 1 : 1024, () => {
      const { numBytesInGPU, numBytesAllocatedInGPU } = backend.memory();
      seen.push({
        tensors: memory().numTensors,
        data: backend.numDataIds(),
        used: numBytesInGPU,
        allocated: numBytesAllocatedInGPU,
        bindGroups: backend.dispatchCounters().bindGroups,
      });
    });
    const [early, late] = [seen[99]!, seen[199]!];
    expect({ ...late, bindGroups: 0 }).toEqual({ ...early, bindGroups: 0 });
    // Every step gets the buffers of the one before.
    expect(late.bindGroups).toBe(early.bindGroups);
  });
});
