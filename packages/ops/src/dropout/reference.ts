import { mul, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { dropoutMask } from "../counter-hash.ts";

/** x * mask; the mask is hashed on the host. */
export const dropoutReference = (x: Tensor, rate: number, seed: number, stream: number): Tensor =>
  mul(x, tensor(dropoutMask(x.size, rate, seed, stream), x.shape));
