import "@tensorflow/tfjs-backend-cpu";
import { tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  accumulate,
  adafactor,
  adahessian,
  adamw,
  adamwScale,
  agd,
  clip,
  disposeState,
  groups,
  lamb,
  larc,
  lars,
  lossScaling,
  muon,
  type Optimizer,
  progressiveBatch,
  sam,
  scaleByAgd,
  sgd,
  shampoo,
  sophia,
  stateTensors,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { progressAt, tensors } from "../testing/numbers.testing.ts";

describe("norms of 0", () => {
  const step = async (optimizer: Optimizer, param: number[], grad: number[]) => {
    const params = tensors({ w: param });
    const state = optimizer.init(params);
    const result = optimizer.update(tensors({ w: grad }), state, params, progressAt(0));
    const values = [...(await result.params.w!.data())];
    disposeMap(result.params);
    disposeState(result.state);
    return values;
  };

  it("let lamb and lars take the plain step", async () => {
    expect(await step(lamb({ learningRate: 0.5 }), [0, 0], [1, -2])).toEqual([
      expect.closeTo(-0.5, 5),
      expect.closeTo(0.5, 5),
    ]);
    expect(await step(lamb({ learningRate: 0.5, weightDecay: 0 }), [3, 4], [0, 0])).toEqual([3, 4]);
    const plain = { learningRate: 0.5, momentum: 0, weightDecay: 0.1 };
    expect(await step(lars(plain), [0, 0], [1, -2])).toEqual([-0.5, 1]);
    expect(await step(lars(plain), [3, 4], [0, 0])).toEqual([3, 4]);
    expect(await step(larc({ ...plain, learningRate: 0 }), [3, 4], [1, 1])).toEqual([3, 4]);
  });

  it("let adamwScale move weights that are 0", async () => {
    expect(await step(adamwScale({ learningRate: 0.5 }), [0, 0], [1, -2])).toEqual([
      expect.closeTo(-0.0005, 6),
      expect.closeTo(0.0005, 6),
    ]);
  });

  it("leave everything where it is, without NaN, in agd, adafactor, shampoo and muon", async () => {
    const moved = [agd(), adafactor(), shampoo({ weightDecay: 0 })].map((optimizer) => step(optimizer, [3, 4], [0, 0]));
    expect(await Promise.all(moved)).toEqual([3, 3, 3].map(() => [3, 4]));
    const params = { w: tensor([1, 2, 3, 4], [2, 2]) };
    const optimizer = muon({ notMatrices: [], weightDecay: 0 });
    const zero = { w: tensor([0, 0, 0, 0], [2, 2]) };
    const result = optimizer.update(zero, optimizer.init(params), params, progressAt(0));
    expect([...(await result.params.w!.data())]).toEqual([1, 2, 3, 4]);
    disposeMap(result.params);
    disposeState(result.state);
  });
});

it.each([1e-3, 1e-8, 1e-14])("agd measures gradients of size %d as in float64", async (size) => {
  const transformation = scaleByAgd();
  const values = [size, -2 * size, 3 * size];
  const params = tensors({ w: [1, 2, 3] });
  const { updates } = transformation.update(tensors({ w: values }), {}, params, progressAt(0));
  const length = Math.hypot(...values);
  // log((1 + sqrt(1 + 4 G)) / 2) by its series, in which nothing cancels.
  const rate = length - 1.5 * length ** 2 + (10 / 3) * length ** 3 - (35 / 4) * length ** 4;
  const found = await updates.w!.data();
  values.forEach((value, i) => {
    expect(found[i]! / ((rate * value) / length) - 1).toBeCloseTo(0, 5);
  });
  for (const map of [params, updates]) disposeMap(map);
});

describe("optimizers that need more gradients", () => {
  it.each([
    ["sam", () => sam(adamw())],
    ["scaleBySophia", () => sophia()],
    ["scaleByAdahessian", () => adahessian()],
  ])("%s says so", (name, make) => {
    const params = tensors({ a: [1, 2] });
    const grads = tensors({ a: [1, 2] });
    const optimizer = make();
    const state = optimizer.init(params);
    expect(() => optimizer.update(grads, state, params, progressAt(0))).toThrow(
      `${name}: expected gradients as { grads, evaluate }, got gradients alone`,
    );
    for (const map of [params, grads, stateTensors(state)]) disposeMap(map);
  });

  it.each([
    ["accumulate", accumulate(sam(sgd()), { batchSize: 4, microbatchSize: 2 })],
    [
      "accumulate, in the first step of a batch that grows",
      accumulate(sam(sgd()), { batchSize: 2, microbatchSize: 2 }),
    ],
    ["accumulate, within clip", accumulate(clip(sam(sgd())), { batchSize: 4, microbatchSize: 2 })],
    ["accumulate, in a group", accumulate(groups([{ optimizer: sam(sgd()) }]), { batchSize: 4, microbatchSize: 2 })],
    ["progressiveBatch", progressiveBatch(sam(sgd()), { least: 2 })],
  ] as [string, Optimizer][])("sam refuses to be inside of %s", (_, optimizer) => {
    const steps = () => {
      let params = tensors({ a: [1, 2] });
      let state = optimizer.init(params);
      for (let i = 0; i < 2; i++) {
        const gradients = { grads: tensors({ a: [1, 2] }), evaluate: () => tensors({ a: [1, 1] }) };
        ({ params, state } = optimizer.update(gradients, state, params, progressAt(i)));
      }
    };
    expect(steps).toThrow(/^sam: expected the gradients of one microbatch, .* put sam outside: sam\(accumulate/);
  });

  it("sam skips what is not finite, inside of loss scaling", async () => {
    const optimizer = lossScaling(sam(sgd({ learningRate: 0.1 })));
    const params = tensors({ a: [1, 2] });
    const state = optimizer.init(params);
    const gradients = { grads: tensors({ a: [Number.NaN, 1] }), evaluate: () => tensors({ a: [1, 1] }) };
    const result = optimizer.update(gradients, state, params, progressAt(0));
    expect([...(await result.params.a!.data())]).toEqual([1, 2]);
    disposeMap(result.params);
    disposeState(result.state);
  });
});
