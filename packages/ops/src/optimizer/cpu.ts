import { cpuKernel, sizeOf } from "../cpu/runtime.ts";
import type { AdamwAttrs } from "./kernels.ts";

const block = 16384;

const adamw = /* @__PURE__ */ cpuKernel("CramkitAdamW", ({ inputs, attrs, runtime, run, at }) => {
  const { learningRate, b1, b2, epsilon, correction1, correction2 } = attrs as unknown as AdamwAttrs;
  const gradScale = runtime.view(inputs.gradScale!)[0]!;
  if (gradScale === 0 || !Number.isFinite(gradScale)) return [];
  for (let i = 0; inputs[`param${i}`]; i++) {
    const n = sizeOf(inputs[`param${i}`]!.shape);
    const decay = learningRate * attrs[`weightDecay${i}`]!;
    const rates = [gradScale, learningRate / correction1, b1, b2, epsilon, decay, 1 / correction2, 1 - b1, 1 - b2];
    const ints = [at(`param${i}`), at(`grad${i}`), at(`mu${i}`), at(`nu${i}`), n];
    run("adamwTask", Math.ceil(n / block), ints, rates);
  }
  return [];
});

const accumulate = /* @__PURE__ */ cpuKernel("CramkitAccumulate", ({ inputs, attrs, run, at }) => {
  for (let i = 0; inputs[`sum${i}`]; i++) {
    const n = sizeOf(inputs[`sum${i}`]!.shape);
    run("accumulateTask", Math.ceil(n / block), [at(`sum${i}`), at(`grad${i}`), n], [attrs.scale!]);
  }
  return [];
});

const globalNorm = /* @__PURE__ */ cpuKernel("CramkitGlobalNorm", ({ inputs, runtime, run, at }) => {
  let total = 0;
  for (const [name, { shape }] of Object.entries(inputs)) {
    const n = sizeOf(shape);
    const tasks = Math.ceil(n / block);
    runtime.withScratch(tasks * 8, (partial) => {
      run("squareSumTask", tasks, [at(name), partial, n]);
      for (const sum of runtime.doubles(partial, tasks)) total += sum;
    });
  }
  const norm = runtime.output([]);
  runtime.floats(runtime.address(norm), 1)[0] = Math.sqrt(total);
  return norm;
});

export const optimizerCpu = [adamw, accumulate, globalNorm];
