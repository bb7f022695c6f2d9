import type { CpuBackend } from "@cramkit/backend";
import type { CpuRuntime } from "@cramkit/ops/cpu";
import { backend } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { runtimeOf, startCompute } from "./compute.ts";

it("hands the kernels of ops the runtime that they ask for", async () => {
  const compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  const runtime: CpuRuntime = runtimeOf.cpu(backend() as CpuBackend);
  const y = runtime.output([3]);
  expect(runtime.floats(runtime.address(y), 3)).toHaveLength(3);
  // What lacks a part of it does not compile: without that the proof above would say nothing.
  // @ts-expect-error
  ((lacking: Omit<CpuBackend, "withScratch">) => lacking satisfies CpuRuntime) satisfies object;
  compute.dispose();
});
