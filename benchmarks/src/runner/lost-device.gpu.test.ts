import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { startCompute, sync } from "../measure/compute.ts";
import type { Result } from "../measure/record.ts";
import { createContext, type SuiteOptions } from "../measure/suite.ts";

const options: SuiteOptions = { backend: "webgpu", precision: "float32", shapes: [], quick: true, python: "python3" };

/** A compute that has started, or why there is none. */
const start = async () => {
  try {
    return await startCompute(options);
  } catch (error) {
    if (process.env.CRAMKIT_REQUIRE_GPU) throw error;
    return (error as Error).message;
  }
};

it("keeps a device that is lost in the middle as a failure, and the next suite starts a new one", async ({ skip }) => {
  const started = await start();
  skip(typeof started === "string", `no WebGPU adapter, NOTHING was tested: ${started}`);
  const results: Result[] = [];
  const context = createContext("test", options, (result) => results.push(result), sync);
  const measured = (lose: boolean) =>
    context.measure({
      case: lose ? "losing" : "whole",
      unit: "ms",
      contestants: [
        {
          provider: "cramkit",
          work: 1,
          run() {
            if (lose) (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
            tf.add(tf.ones([4]), 1).dispose();
          },
        },
      ],
    });
  await measured(false);
  await expect(measured(true)).rejects.toThrow(/lost|disposed of/);
  const again = await startCompute(options);
  await measured(false);
  again.dispose();
  expect(results.map(({ kind }) => kind)).toEqual(["measurement", "failure", "measurement"]);
});
