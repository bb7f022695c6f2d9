import type { StreamKey } from "@cramkit/random";
import { mul, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { dropoutMask } from "../dropout-mask.ts";

/** x * mask; the mask is made on the host. */
export const dropoutReference = (x: Tensor, rate: number, key: StreamKey): Tensor =>
  mul(x, tensor(dropoutMask(x.size, rate, key), x.shape));
