import { add, matMul, reshape, sum, type Tensor } from "@tensorflow/tfjs-core";
import { asRows } from "../rows.ts";

/** x W^T + b */
export const linearReference = (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => {
  const product = matMul(asRows(x), weight, false, true);
  return reshape(bias ? add(product, bias) : product, [...x.shape.slice(0, -1), weight.shape[0]!]);
};

/** dx = dy W */
export const linearGradInputReference = (dy: Tensor, weight: Tensor): Tensor =>
  reshape(matMul(asRows(dy), weight), [...dy.shape.slice(0, -1), weight.shape[1]!]);

/** dW = dy^T x */
export const linearGradWeightReference = (dy: Tensor, x: Tensor): Tensor => matMul(asRows(dy), asRows(x), true, false);

/** db = sum of dy over its rows */
export const linearGradBiasReference = (dy: Tensor): Tensor => sum(asRows(dy), 0);
