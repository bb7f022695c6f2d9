import { linear } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { countingGpu } from "../traffic/counting-gpu.ts";
import { deviceBackend, disposeComputed, startCompute } from "./compute.ts";

it.each(["float32", "mixed"] as const)(
  "has what is measured in %s computed before it is disposed of",
  async (precision) => {
    const options = { backend: "webgpu", precision, shapes: [], quick: false, python: "" } as const;
    const compute = await startCompute(options, { gpu: countingGpu() });
    const products = (body: () => void) =>
      [...deviceBackend().countTraffic!(body)]
        .filter(([kernel]) => /^gemm\.(nt|nn|tn)/.test(kernel))
        .reduce((sum, [, { dispatches }]) => sum + dispatches, 0);
    const [x, weight, dy] = [tf.ones([256, 256]), tf.ones([256, 256]), tf.ones([256, 256])];
    expect(products(() => disposeComputed(linear(x, weight)))).toBe(1);
    const both = () => {
      const { value, grads } = tf.valueAndGrads((x, weight) => linear(x!, weight!))([x, weight], dy);
      return [value, ...grads];
    };
    expect(products(() => disposeComputed(...both()))).toBe(3);
    // What the others are for.
    expect(products(() => tf.dispose(both()))).toBeLessThan(3);
    compute.dispose();
  },
);
