import { geluWgsl } from "../webgpu/activations.ts";
import { type Elementwise, elementwise } from "../webgpu/elementwise.ts";
import { halfResult, readable } from "../webgpu/half.ts";
import { webgpuKernel } from "../webgpu/host.ts";

const forward: Elementwise = {
  key: "gelu",
  storage: { x: "read", y: "write" },
  declare: geluWgsl,
  main: "y[i] = T_y(value(T(x[i])));",
};
const backward: Elementwise = {
  key: "gelu.gradient",
  storage: { dy: "read", x: "read", dx: "write" },
  declare: geluWgsl,
  main: "dx[i] = T_dx(T(dy[i]) * derivative(T(x[i])));",
};

export const geluWebgpu = [
  webgpuKernel("CramkitGelu", (host, { x }) => {
    const y = halfResult(host, x!.shape);
    elementwise(host, forward, [readable(host, x!), { bound: y.written, half: y.half }]);
    return y.tensor;
  }),
  webgpuKernel("CramkitGeluGrad", (host, { dy, x }) => {
    const dx = halfResult(host, x!.shape);
    elementwise(host, backward, [readable(host, dy!), readable(host, x!), { bound: dx.written, half: dx.half }]);
    return dx.tensor;
  }),
];
