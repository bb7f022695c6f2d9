import "@tensorflow/tfjs-backend-cpu";
import { expect, it } from "vitest";
import { disposeState, type StudyOptimizerName, studyOptimizer, studyOptimizerNames } from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { numbers, progressAt, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { fixed } from "../testing/rows.testing.ts";

it.each(studyOptimizerNames)("%s takes a step, with its own rate and with a schedule", async (name) => {
  for (const learningRate of [undefined, () => 0]) {
    const optimizer = studyOptimizer(name, { learningRate });
    const params = tensors(numbers(1));
    const gradients = { grads: tensors(numbers(2)), evaluate: fixed };
    const result = optimizer.update(gradients, optimizer.init(params), params, progressAt(0));
    const moved = worstError(await read(result.params), numbers(1));
    if (learningRate) expect(moved).toBe(0);
    else expect(moved).toBeGreaterThan(1e-6);
    disposeMap(result.params);
    disposeState(result.state);
  }
});

it("refuses a name that it does not know", () => {
  expect(() => studyOptimizer("adam8bit" as StudyOptimizerName)).toThrow(/expected one of adam, .*, got adam8bit/);
});
