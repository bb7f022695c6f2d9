import "@tensorflow/tfjs-backend-cpu";
import { memory, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { adamw, disposeState, type Evaluate, groups, muon, type Optimizer, orthogonalize, sam, sgd } from "./index.ts";
import { numbers, progressAt, tensors } from "./numbers.testing.ts";
import { disposeMap } from "./tensor-map.ts";

describe("groups", () => {
  const params = () => tensors(numbers(1));
  const refuses = (optimizer: Optimizer<never> | Optimizer, message: string | RegExp) => {
    const own = params();
    expect(() => (optimizer as Optimizer).init(own)).toThrow(message);
    disposeMap(own);
  };

  it("refuse a pattern that matches nothing, and parameters without a group", () => {
    refuses(
      groups([{ params: ["conv"], optimizer: adamw() }, { optimizer: sgd() }]) as Optimizer,
      'groups: expected the pattern "conv" to match a parameter',
    );
    refuses(
      groups([{ params: ["norm"], optimizer: adamw() }]) as Optimizer,
      'groups: expected a group for every parameter, got none for "embedding.weight"',
    );
    refuses(
      groups([{ params: () => false, optimizer: adamw() }, { optimizer: sgd() }]) as Optimizer,
      "groups: expected group 0",
    );
  });

  it("muon refuses what is no matrix, and makes matrices orthogonal", async () => {
    const transformation = orthogonalize({ iterations: 8 });
    const own = params();
    expect(() => transformation.init(own)).toThrow('got "layers.0.norm1.weight" of rank 1; give it to another group');
    disposeMap(own);
    const matrix = { w: tensor(numbers(4)["layers.0.ffn.weight"]!, [3, 5]) };
    const { updates } = transformation.update(matrix, transformation.init(matrix), matrix, progressAt(0));
    const rows = (await updates.w!.array()) as number[][];
    for (const a of rows) {
      const length = Math.hypot(...a);
      expect(length).toBeGreaterThan(0.6);
      expect(length).toBeLessThan(1.3);
    }
    disposeMap(updates);
  });

  it("muon refuses names that are none of the parameters", () => {
    refuses(
      muon({ notMatrices: ["embedding", "lm_head"] }) as Optimizer,
      'muon: expected the pattern "lm_head" to match',
    );
  });

  it("ask for gradients at the parameters of before the step, whatever their order", async () => {
    // d(a b)/da = b and the reverse: where one climbs, its own gradient stays that of the other, which has not moved yet.
    const [a, b, rho, learningRate] = [2, 3, 0.5, 0.1];
    const evaluate: Evaluate = (params) => ({ a: params.b!.clone(), b: params.a!.clone() });
    const moved = async (names: readonly string[]) => {
      const own = () => sam(sgd({ learningRate, momentum: 0, weightDecay: 0 }), { rho });
      const optimizer = groups(names.map((name) => ({ params: [name], optimizer: own() })));
      const params = { a: tensor([a]), b: tensor([b]) };
      const grads = evaluate(params);
      const result = optimizer.update({ grads, evaluate }, optimizer.init(params), params, progressAt(0));
      const values = [...(await result.params.a!.data()), ...(await result.params.b!.data())];
      disposeMap(result.params);
      disposeState(result.state);
      return values;
    };
    const count = memory().numTensors;
    for (const names of [
      ["a", "b"],
      ["b", "a"],
    ]) {
      const [movedA, movedB] = await moved(names);
      expect(movedA).toBeCloseTo(a - learningRate * b, 5);
      expect(movedB).toBeCloseTo(b - learningRate * a, 5);
    }
    expect(memory().numTensors).toBe(count);
  });

  it("keep states of different length apart", () => {
    const optimizer = groups([{ params: ["norm"], optimizer: sgd() }, { optimizer: adamw() }]);
    const own = params();
    expect(() => optimizer.update(own, [], own, progressAt(0))).toThrow("groups: expected 2 states, got 0");
    disposeMap(own);
  });
});
