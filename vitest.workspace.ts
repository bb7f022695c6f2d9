import { defineConfig } from "vitest/config";

// Tests read the sources of sibling packages through the `@cramkit/source` export condition: no build is needed.
const conditions = ["@cramkit/source"];
const sources = ["packages/*/src/**", "benchmarks/src/**", "playground/src/**"];
const tests = (...suffixes: string[]) => sources.flatMap((dir) => suffixes.map((suffix) => `${dir}/*.${suffix}.ts`));
const special = ["gpu.test", "browser.test", "shared.test", "slow.test"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    testTimeout: 30_000,
    globalSetup: "./scripts/temporary-folder.mjs",
    // Vitest leaves a core to itself, which idles: on two cores that is half of the machine.
    maxWorkers: "100%",
    reporters: ["default", "./scripts/plain-summary.mjs"],
    projects: [
      { extends: true, test: { name: "unit", include: tests("test"), exclude: tests(...special) } },
      {
        extends: true,
        test: { name: "repo", include: ["test/**/*.test.ts"], exclude: ["test/**/*.{slow,browser}.test.ts"] },
      },
      // One adapter, one process: kernels must not compete for it.
      {
        extends: true,
        test: { name: "gpu", include: tests("gpu.test"), fileParallelism: false, testTimeout: 300_000 },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: [...tests("browser.test"), "test/**/*.browser.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
        },
      },
      // Needs the development data beside the checkout.
      { extends: true, test: { name: "shared", include: tests("shared.test"), testTimeout: 600_000 } },
      {
        extends: true,
        test: {
          name: "slow",
          include: [...tests("slow.test"), "test/**/*.slow.test.ts"],
          fileParallelism: false,
          testTimeout: 3_600_000,
        },
      },
    ],
  },
});
