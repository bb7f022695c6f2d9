import { getGradient, registerGradient } from "@tensorflow/tfjs-core";
import { elementwiseGradients } from "./elementwise.ts";
import { reductionGradients } from "./reduction.ts";
import { shapeGradients } from "./shape.ts";

/**
 * Gives tfjs-core the gradients that its Node build leaves out: arithmetic, activations, reductions, softmax, matMul,
 * gather and the shape operations; convolutions and pooling are not among them. A gradient that is already registered
 * (as bundlers and browsers do, whose build of the core has them) stays. The fused ops carry their own.
 */
export const registerGradients = (): void => {
  for (const config of [...elementwiseGradients(), ...reductionGradients(), ...shapeGradients()]) {
    if (getGradient(config.kernelName) === undefined) registerGradient(config);
  }
};
