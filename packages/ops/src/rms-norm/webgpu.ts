import { webgpuKernel } from "../webgpu/host.ts";
import { normBackward, normForward } from "../webgpu/norm.ts";

export const rmsNormWebgpu = [
  webgpuKernel("CramkitRmsNorm", (host, inputs, { epsilon }) => normForward(host, "rms", inputs, epsilon as number)),
  webgpuKernel("CramkitRmsNormGrad", (host, inputs) => normBackward(host, "rms", inputs)),
];
