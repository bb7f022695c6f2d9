import { webgpuKernel } from "../webgpu/host.ts";
import { normBackward, normForward } from "../webgpu/norm.ts";

export const layerNormWebgpu = [
  webgpuKernel("CramkitLayerNorm", (host, inputs, { epsilon }) =>
    normForward(host, "layer", inputs, epsilon as number),
  ),
  webgpuKernel("CramkitLayerNormGrad", (host, inputs) => normBackward(host, "layer", inputs)),
];
