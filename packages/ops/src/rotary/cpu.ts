import { cpuKernel, rowsPerTask } from "../cpu/runtime.ts";

const rotary = /* @__PURE__ */ cpuKernel("CramkitRotary", ({ inputs, attrs, runtime, run, at }) => {
  const { heads, direction } = attrs as { heads: number; direction: number };
  const [batch, seq, width] = inputs.x!.shape as [number, number, number];
  const [rows, perTask] = [batch * seq, rowsPerTask(width)];
  const y = runtime.output(inputs.x!.shape);
  const ints = [at("x"), at("table"), runtime.address(y), rows, seq, heads, width / (3 * heads), perTask];
  run("rotaryTask", Math.ceil(rows / perTask), ints, [direction]);
  return y;
});

export const rotaryCpu = [rotary];
