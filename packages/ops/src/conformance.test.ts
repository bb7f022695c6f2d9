import "@tensorflow/tfjs-backend-cpu";
import { setBackend } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { measureCase } from "./conformance.ts";
import { opSpecs } from "./specs.ts";

describe.each([{ backend: "cpu" }])("on $backend", ({ backend }) => {
  beforeAll(async () => {
    await setBackend(backend);
  });

  describe.each(opSpecs)("$op", ({ cases }) => {
    it.each(cases)("$name", async (testCase) => {
      const { forward, gradients } = await measureCase(testCase);
      expect(forward, "forward").toBeLessThanOrEqual(testCase.tolerance);
      // Two roundings more than forward, and the central difference of the truth.
      for (const [name, error] of Object.entries(gradients)) {
        expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * testCase.tolerance);
      }
    });
  });
});
