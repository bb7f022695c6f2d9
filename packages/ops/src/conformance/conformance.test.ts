import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findLibrary, startCpuBackend, startStockCpu } from "../testing/backend.testing.ts";
import { measureCase } from "./measure-case.ts";
import { opSpecs } from "./specs.ts";
import { inTier, type Tier } from "./tiers.ts";

const library = await findLibrary();
if (!library.isThere) console.warn("conformance.test: no library for matrix products; products of one are NOT tested");
if (!library.bf16) console.warn("conformance.test: no bf16 products here; mixed precision is NOT tested");
// Every product that the library could compute, however small.
const byLibrary = { threads: 2, products: "library", libraryFrom: 1 } as const;

const backends: { backend: string; tier?: Tier; start: () => Promise<{ dispose(): void }> }[] = [
  { backend: "tfjs cpu (references)", start: startStockCpu },
  { backend: "cramkit-cpu, one thread", start: () => startCpuBackend({ threads: 1 }) },
  { backend: "cramkit-cpu, three threads", start: () => startCpuBackend({ threads: 3 }) },
  ...(library.isThere
    ? [{ backend: "cramkit-cpu, products by a library", start: () => startCpuBackend(byLibrary) }]
    : []),
  ...(library.bf16
    ? [
        {
          backend: "cramkit-cpu, products of bf16",
          tier: "bf16" as const,
          start: () => startCpuBackend({ ...byLibrary, precision: "mixed" }),
        },
      ]
    : []),
];

describe.each(backends)("on $backend", ({ start, tier = "float32" }) => {
  let dispose = () => {};
  beforeAll(async () => {
    ({ dispose } = await start());
  });
  afterAll(() => dispose());

  describe.each(inTier(tier, opSpecs))("$op", ({ cases }) => {
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
