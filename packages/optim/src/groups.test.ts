import "@tensorflow/tfjs-backend-cpu";
import { tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { adamw, groups, muon, type Optimizer, orthogonalize, sgd } from "./index.ts";
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

  it("keep states of different length apart", () => {
    const optimizer = groups([{ params: ["norm"], optimizer: sgd() }, { optimizer: adamw() }]);
    const own = params();
    expect(() => optimizer.update(own, [], own, progressAt(0))).toThrow("groups: expected 2 states, got 0");
    disposeMap(own);
  });
});
