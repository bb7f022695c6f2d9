import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCpuBackend, startStockCpu } from "../testing/backend.testing.ts";
import { measureCase } from "./measure-case.ts";
import { opSpecs } from "./specs.ts";

const backends = [
  { backend: "tfjs cpu (references)", start: startStockCpu },
  { backend: "cramkit-cpu, one thread", start: () => startCpuBackend({ threads: 1 }) },
  { backend: "cramkit-cpu, three threads", start: () => startCpuBackend({ threads: 3 }) },
];

describe.each(backends)("on $backend", ({ start }) => {
  let dispose = () => {};
  beforeAll(async () => {
    ({ dispose } = await start());
  });
  afterAll(() => dispose());

  describe.each(opSpecs)("$op", ({ cases }) => {
    it.each(cases)("$name", async (testCase) => {
      const { forward, gradients } = await measureCase(testCase);
      expect(forward, "forward").toBeLessThanOrEqual(testCase.tolerance);
      // More roundings than forward, and the central difference of the truth.
      for (const [name, error] of Object.entries(gradients)) {
        expect(error, `gradient of ${name}`).toBeLessThanOrEqual(10 * testCase.tolerance);
      }
    });
  });
});
