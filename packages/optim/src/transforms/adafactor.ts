import { add, div, expandDims, mean, mul, rsqrt, square, type Tensor, zeros } from "@tensorflow/tfjs-core";
import type { GradientTransformation, TensorMap } from "../contracts.ts";
import { checkFit, checkNoMore, checkPositive } from "../state/check.ts";
import { disposeMap, mapEach, mapTensors } from "../state/tensor-map.ts";

export interface FactoredRmsOptions {
  /**
   * Added to the squared gradient.
   *
   * @defaultValue `1e-30`
   */
  epsilon?: number;
  /**
   * b2 at step t is `1 - t^decay`.
   *
   * @defaultValue `-0.8`
   */
  decay?: number;
}

const isMatrix = (param: Tensor) => param.rank >= 2;
const rowShape = (param: Tensor) => (isMatrix(param) ? param.shape.slice(0, -1) : param.shape);
// A vector has no second factor; an empty tensor keeps the two maps alike.
const columnShape = (param: Tensor) => (isMatrix(param) ? [...param.shape.slice(0, -2), param.shape.at(-1)!] : [0]);
const shapesOf = (params: TensorMap, shape: (param: Tensor) => number[]) =>
  Object.fromEntries(Object.entries(params).map(([name, param]) => [name, { shape: shape(param) }]));

export type FactoredState = { count: number; row: TensorMap; column: TensorMap };

/**
 * Adafactor's division by a factored second moment (Shazeer and Stern, arXiv 1804.04235). For a matrix, with the means of
 * `g^2 + epsilon` over its columns and rows kept as r and c: `g / sqrt(r c^T / mean(r))`. Vectors keep the whole of it.
 */
export const scaleByFactoredRms = ({
  epsilon = 1e-30,
  decay = -0.8,
  ...unknown
}: FactoredRmsOptions = {}): GradientTransformation<FactoredState> => {
  checkNoMore("scaleByFactoredRms", unknown, "epsilon, decay");
  checkPositive("scaleByFactoredRms", { epsilon, "-decay": -decay });
  return {
    init: (params) => ({
      count: 0,
      row: mapTensors(params, (param) => zeros(rowShape(param))),
      column: mapTensors(params, (param) => zeros(columnShape(param))),
    }),
    update(updates, state, params) {
      checkFit("scaleByFactoredRms", "row", state.row, shapesOf(params, rowShape));
      checkFit("scaleByFactoredRms", "column", state.column, shapesOf(params, columnShape));
      const step = state.count + 1;
      const b2 = 1 - step ** decay;
      const next = mapEach(params, (name, param) => {
        const [g, oldRow, oldColumn] = [updates[name]!, state.row[name]!, state.column[name]!];
        const squared = add(square(g), epsilon);
        const blend = (old: Tensor, now: Tensor) => add(mul(old, b2), mul(now, 1 - b2));
        if (!isMatrix(param)) {
          const row = blend(oldRow, squared);
          return { u: mul(g, rsqrt(row)), row, column: oldColumn.clone() };
        }
        const row = blend(oldRow, mean(squared, -1));
        const column = blend(oldColumn, mean(squared, -2));
        const rowFactor = expandDims(rsqrt(div(row, mean(row, -1, true))), -1);
        return { u: mul(mul(g, rowFactor), expandDims(rsqrt(column), -2)), row, column };
      });
      for (const map of [updates, state.row, state.column]) disposeMap(map);
      return { updates: next.u, state: { count: step, row: next.row, column: next.column } };
    },
  };
};
