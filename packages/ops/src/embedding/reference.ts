import {
  cast,
  expandDims,
  gather,
  mul,
  notEqual,
  reshape,
  scalar,
  scatterND,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { checkIds } from "../check.ts";
import { asRows, lastAxis } from "../rows.ts";

/** y[i] = weight[ids[i]] */
export const embeddingReference = (ids: Tensor, weight: Tensor): Tensor => {
  checkIds("embedding", "ids", ids, weight.shape[0]!);
  const rows = gather(weight, reshape(ids, [ids.size]));
  return reshape(rows, [...ids.shape, weight.shape[1]!]);
};

/** dweight[v] = the sum of dy[i] over all i with ids[i] = v; 0 for the padding row */
export const embeddingGradWeightReference = (dy: Tensor, ids: Tensor, vocab: number, paddingId: number): Tensor => {
  const flatIds = expandDims(reshape(ids, [ids.size]), 1); // [count, 1]
  const real = cast(notEqual(flatIds, scalar(paddingId, "int32")), "float32");
  return scatterND(flatIds, mul(asRows(dy), real), [vocab, lastAxis(dy)]);
};
