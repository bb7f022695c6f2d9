import { type Tensor, tensor, valueAndGrads } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attention } from "../attention/attention.ts";
import { integers, type SpecInput, uniform } from "../conformance-case.ts";
import { dropout } from "../dropout/dropout.ts";
import { embedding } from "../embedding/embedding.ts";
import { gelu } from "../gelu/gelu.ts";
import { glu } from "../glu/glu.ts";
import { layerNorm } from "../layer-norm/layer-norm.ts";
import { linear } from "../linear/linear.ts";
import { maskedCrossEntropy } from "../masked-cross-entropy/masked-cross-entropy.ts";
import { optimizerKernels } from "../optimizer/kernels.ts";
import { rmsNorm } from "../rms-norm/rms-norm.ts";
import { rotary } from "../rotary/rotary.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";

const tiers = await testableTiers();
const rows = 900;
const ids = integers([rows], 9, 40);

/** Each of these has a tensor of more than 64 KiB. */
const cases: { name: string; inputs: SpecInput[]; run: (...xs: Tensor[]) => Tensor }[] = [
  {
    name: "linear",
    inputs: [uniform([rows, 36], 1), uniform([44, 36], 2), uniform([44], 3)],
    run: (x, w, b) => linear(x!, w!, b),
  },
  { name: "gelu", inputs: [uniform([rows, 37], 1)], run: (x) => gelu(x!) },
  { name: "glu", inputs: [uniform([rows, 46], 1)], run: (x) => glu(x!, "silu") },
  { name: "dropout", inputs: [uniform([rows, 40], 1)], run: (x) => dropout(x!, { rate: 0.4, key: [1, 2] }) },
  {
    name: "layerNorm",
    inputs: [uniform([rows, 33], 1), uniform([33], 2)],
    run: (x, w) => layerNorm(x!, w!, undefined, 1e-6),
  },
  { name: "rmsNorm", inputs: [uniform([rows, 33], 1), uniform([33], 2)], run: (x, w) => rmsNorm(x!, w!, 1e-6) },
  {
    name: "embedding",
    inputs: [uniform([40, 33], 1)],
    run: (table) => embedding(tensor(ids.values, ids.shape, "int32"), table!),
  },
  {
    name: "linear of a large weight",
    inputs: [uniform([70, 100], 1), uniform([240, 100], 2), uniform([240], 3)],
    run: (x, w, b) => linear(x!, w!, b),
  },
  {
    name: "linear of a large weight and more rows than fit",
    inputs: [uniform([600, 100], 1), uniform([240, 100], 2), uniform([240], 3)],
    run: (x, w, b) => linear(x!, w!, b),
  },
  {
    name: "embedding of a large table",
    inputs: [uniform([rows, 33], 1)],
    run: (table) =>
      embedding(
        tensor(
          ids.values.map((id) => (id * 97) % rows),
          ids.shape,
          "int32",
        ),
        table!,
      ),
  },
  {
    name: "maskedCrossEntropy of a large vocabulary",
    inputs: [uniform([90, 36], 1), uniform([rows, 36], 2), uniform([rows], 3)],
    run: (hidden, weight, bias) =>
      maskedCrossEntropy(
        hidden!,
        weight!,
        bias,
        tensor([1, 5, 64, 80], [4], "int32"),
        tensor([3, 899, 64, 500], [4], "int32"),
      ),
  },
  { name: "rotary", inputs: [uniform([9, 70, 3 * 24], 1)], run: (qkv) => rotary(qkv!, { heads: 3 }) },
  {
    name: "attention",
    inputs: [uniform([9, 16, 3 * 64], 1)],
    run: (qkv) => attention(qkv!, { heads: 4, dropout: { rate: 0.2, key: [1, 1] } }),
  },
];

describe.runIf(tiers.length > 0)("tensors larger than a binding", () => {
  let started: TestBackend | undefined;
  let limit = 0;
  const setLimit = (bytes: number) => {
    Object.assign(started!.backend.capabilities.limits, { maxStorageBufferBindingSize: bytes });
  };
  beforeAll(async () => {
    started = await startTestBackend();
    started.backend.poison = true;
    limit = started.backend.capabilities.limits.maxStorageBufferBindingSize;
  });
  afterAll(() => started?.dispose());

  const results = async (inputs: SpecInput[], run: (...xs: Tensor[]) => Tensor) => {
    const tensors = inputs.map(({ values, shape }) => tensor(values, shape));
    const { value, grads } = valueAndGrads(run)(tensors);
    return Promise.all([value, ...grads].map(async (x) => [...(await x.data())]));
  };

  it.each(cases)("$name computes the same part by part", async ({ inputs, run }) => {
    setLimit(limit);
    const whole = await results(inputs, run);
    setLimit(2 ** 16);
    const parts = await results(inputs, run);
    parts.forEach((values, i) => {
      const largestOf = (all: number[]) => all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const largest = largestOf(whole[i]!);
      const error = largestOf(values.map((value, j) => value - whole[i]![j]!));
      expect(error / largest).toBeLessThan(1e-5);
    });
  });

  it("the optimizer's kernels update every part", async () => {
    setLimit(2 ** 16);
    const { adamw, accumulate, globalNorm } = optimizerKernels()!;
    const filled = (value: number) => tensor(new Float32Array(40_000).fill(value));
    const [param, grad, mu, nu, scale] = [filled(1), filled(2), filled(0), filled(0), tensor(0.5)];
    const options = {
      learningRate: 0.1,
      b1: 0.9,
      b2: 0.99,
      epsilon: 0,
      correction1: 0.1,
      correction2: 0.01,
    };
    const updates = [{ param, grad, mu, nu, weightDecay: 0 }];
    adamw(updates, scale as never, options);
    accumulate([grad], [mu], 0);
    expect((await globalNorm([grad]).data())[0]).toBeCloseTo(400, 2);
    for (const value of await param.data()) expect(value).toBeCloseTo(0.9, 5);
    for (const skip of [0, Number.NaN, Number.POSITIVE_INFINITY]) adamw(updates, tensor(skip) as never, options);
    for (const value of await param.data()) expect(value).toBeCloseTo(0.9, 5);
    expect((await mu.data())[39_999]).toBeCloseTo(0.1, 5);
  });
});
