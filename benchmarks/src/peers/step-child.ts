import { startBackend } from "@cramkit/backend";
import { registerGradients } from "@cramkit/ops";
import { cpuKernels } from "@cramkit/ops/cpu";
import { parseShape } from "../workloads/shapes.ts";
import { createTrainingStep } from "../workloads/training-step.ts";

/** What `suites/turns.ts` starts this process with, as its first argument. */
export interface StepRequest {
  shape: string;
  products: "wasm" | "library";
  precision: "float32" | "mixed";
  threads: number;
}

/** A line of its output: what computes, then one of these for each line of its input. */
export interface StepLine {
  /** Milliseconds by the clock, and of all threads on the processor. */
  ms: number;
  cpu: number;
  loss: number;
}

const { shape, products, precision, threads } = JSON.parse(process.argv[2]!) as StepRequest;
registerGradients();
const { description } = await startBackend("cpu", {
  kernels: { cpu: cpuKernels },
  cpu: { threads, products, precision },
});
console.log(JSON.stringify({ description }));
const training = createTrainingStep(parseShape(shape));
process.stdin.setEncoding("utf8");
for await (const lines of process.stdin) {
  for (let i = 0; i < lines.split("\n").length - 1; i++) {
    const used = process.cpuUsage();
    const start = performance.now();
    const loss = training.step();
    const value = loss.dataSync()[0]!;
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    loss.dispose();
    console.log(JSON.stringify({ ms, cpu: (user + system) / 1000, loss: value } satisfies StepLine));
  }
}
process.exit(0);
