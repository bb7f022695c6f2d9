import { afterAll, describe, expect, it } from "vitest";
import { startTensorflow } from "../testing/backend.testing.ts";
import { measureCase } from "./measure-case.ts";
import { opSpecs } from "./specs.ts";

/** Tried with a tfjs-node 4.22.0 that was built against TensorFlow 2.21's library, on the CPU. */
const started = await startTensorflow().catch((error: Error) => error.message);
if (typeof started === "string") it.skip(`NOTHING was tested: ${started}`, () => undefined);
afterAll(() => (typeof started === "string" ? undefined : started.dispose()));

describe.runIf(typeof started !== "string").each(opSpecs)("$op on TensorFlow", ({ cases }) => {
  it.each(cases)("$name", async (testCase) => {
    const { forward, gradients } = await measureCase(testCase);
    expect(forward, "forward").toBeLessThanOrEqual(testCase.tolerance);
    for (const [name, error] of Object.entries(gradients)) {
      expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * testCase.tolerance);
    }
  });
});
