import { geluWgsl } from "../webgpu/activations.ts";
import { type Elementwise, elementwise } from "../webgpu/elementwise.ts";
import { output, webgpuKernel } from "../webgpu/host.ts";

const forward: Elementwise = {
  key: "gelu",
  storage: { x: "read", y: "write" },
  declare: geluWgsl,
  main: "y[i] = value(x[i]);",
};
const backward: Elementwise = {
  key: "gelu.gradient",
  storage: { dy: "read", x: "read", dx: "write" },
  declare: geluWgsl,
  main: "dx[i] = dy[i] * derivative(x[i]);",
};

export const geluWebgpu = [
  webgpuKernel("CramkitGelu", (host, { x }) => {
    const y = output(host, x!.shape);
    elementwise(host, forward, [x!, y]);
    return y;
  }),
  webgpuKernel("CramkitGeluGrad", (host, { dy, x }) => {
    const dx = output(host, x!.shape);
    elementwise(host, backward, [dy!, x!, dx]);
    return dx;
  }),
];
