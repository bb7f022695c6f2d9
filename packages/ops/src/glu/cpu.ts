import { type CpuCall, cpuKernel, rowsPerTask, sizeOf } from "../cpu/runtime.ts";
import { type GluActivation, gluActivations } from "./reference.ts";

/** Number of the activation in the WASM module, rows, half width and rows per task. */
const plan = ({ inputs, attrs }: CpuCall) => {
  const { shape } = inputs.x!;
  const n = shape[shape.length - 1]! / 2;
  const kind = gluActivations.indexOf((attrs as unknown as { activation: GluActivation }).activation);
  return { kind, shape, n, rows: sizeOf(shape) / n / 2, perTask: rowsPerTask(2 * n) };
};

const glu = /* @__PURE__ */ cpuKernel("CramkitGlu", (call) => {
  const { kind, shape, n, rows, perTask } = plan(call);
  const y = call.runtime.output([...shape.slice(0, -1), n]);
  const ints = [kind, call.at("x"), call.runtime.address(y), rows, n, perTask];
  call.run("gluTask", Math.ceil(rows / perTask), ints);
  return y;
});

const gluGrad = /* @__PURE__ */ cpuKernel("CramkitGluGrad", (call) => {
  const { kind, shape, n, rows, perTask } = plan(call);
  const dx = call.runtime.output(shape);
  const ints = [kind, call.at("dy"), call.at("x"), call.runtime.address(dx), rows, n, perTask];
  call.run("gluGradTask", Math.ceil(rows / perTask), ints);
  return dx;
});

export const gluCpu = [glu, gluGrad];
