import { dropoutKeys, dropoutThreshold } from "../counter-hash.ts";
import { cpuKernel, sizeOf } from "../cpu/runtime.ts";

const block = 16384;

const dropout = /* @__PURE__ */ cpuKernel("CramkitDropout", ({ inputs, attrs, runtime, run, at }) => {
  const { rate, seed, stream } = attrs as { rate: number; seed: number; stream: number };
  const { shape } = inputs.x!;
  const n = sizeOf(shape);
  const y = runtime.output(shape);
  const ints = [at("x"), runtime.address(y), n, ...dropoutKeys(seed, stream), dropoutThreshold(rate)];
  run("dropoutTask", Math.ceil(n / block), ints, [1 / (1 - rate)]);
  return y;
});

export const dropoutCpu = [dropout];
