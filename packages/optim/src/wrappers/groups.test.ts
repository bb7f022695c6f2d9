import "@tensorflow/tfjs-backend-cpu";
import { memory, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  adamw,
  disposeState,
  groups,
  muon,
  type Optimizer,
  orthogonalize,
  sam,
  sgd,
  sophia,
  type TensorMap,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { numbers, progressAt, tensors } from "../testing/numbers.testing.ts";

describe("groups", () => {
  const params = () => tensors(numbers(1));
  const refuses = (optimizer: Optimizer<never> | Optimizer, message: string | RegExp) => {
    const own = params();
    expect(() => optimizer.init(own)).toThrow(message);
    disposeMap(own);
  };

  it("refuse a pattern that matches nothing, and parameters without a group", () => {
    refuses(
      groups([{ params: ["conv"], optimizer: adamw() }, { optimizer: sgd() }]),
      'groups: expected the pattern "conv" to match a parameter',
    );
    refuses(
      groups([{ params: ["norm"], optimizer: adamw() }]),
      'groups: expected a group for every parameter, got none for "embedding.weight"',
    );
    refuses(groups([{ params: () => false, optimizer: adamw() }, { optimizer: sgd() }]), "groups: expected group 0");
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
    refuses(muon({ notMatrices: ["embedding", "lm_head"] }), 'muon: expected the pattern "lm_head" to match');
  });

  it("keep states of different length apart", () => {
    const optimizer = groups([{ params: ["norm"], optimizer: sgd() }, { optimizer: adamw() }]);
    const own = params();
    expect(() => optimizer.update(own, [] as never, own, progressAt(0))).toThrow("groups: expected 2 states, got 0");
    disposeMap(own);
  });

  it.each([
    ["sam", sam(sgd())],
    ["sophia", sophia({ every: 1 })],
  ])("%s in a later group sees the weights from before the step", (_, asking) => {
    const optimizer = groups([
      { params: ["norm"], optimizer: adamw() },
      { params: ["bias"], optimizer: sgd() },
      { optimizer: asking },
    ]);
    let own: TensorMap = params();
    let state = optimizer.init(own);
    const alive = memory().numTensors;
    for (let step = 0; step < 2; step++) {
      const values = (map: TensorMap) =>
        Object.fromEntries(Object.entries(map).map(([name, param]) => [name, [...param.dataSync()]]));
      const earlier = Object.keys(own).filter((name) => name.includes("norm") || name.includes("bias"));
      const before = values(own);
      const seen: ReturnType<typeof values>[] = [];
      const evaluate = (at: TensorMap) => {
        seen.push(values(at));
        return tensors(numbers(3));
      };
      ({ params: own, state } = optimizer.update(
        { grads: tensors(numbers(2)), evaluate },
        state,
        own,
        progressAt(step),
      ));
      expect(seen).toHaveLength(1);
      for (const name of earlier) {
        expect(seen[0]![name], name).toEqual(before[name]);
        expect(values(own)[name], name).not.toEqual(before[name]);
      }
    }
    expect(memory().numTensors).toBe(alive);
    disposeMap(own);
    disposeState(state);
  });
});
