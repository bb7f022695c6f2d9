import { add, concat, mul, reshape, slice, sub, type Tensor } from "@tensorflow/tfjs-core";

/** What the kernels get beside the tensors. */
export interface RotaryAttrs {
  heads: number;
  /** 1 turns by the angles of the table, -1 turns back: the inverse, and the gradient. */
  direction: 1 | -1;
}

/** a' = a cos t - b sin t, b' = b cos t + a sin t; `table [seq, headDim]` = [cos t, sin t] */
export const rotaryReference = (x: Tensor, table: Tensor, { heads, direction }: RotaryAttrs): Tensor => {
  const [batch, seq] = x.shape as [number, number];
  const headDim = table.shape[1]!;
  const half = headDim / 2;
  const grouped = reshape(x, [batch, seq, heads, 3, headDim]);
  const part = (role: number, roles: number, from: number, width: number) =>
    slice(grouped, [0, 0, 0, role, from], [batch, seq, heads, roles, width]);
  const ofTable = (from: number) => reshape(slice(table, [0, from], [seq, half]), [seq, 1, 1, half]);
  const [a, b] = [part(0, 2, 0, half), part(0, 2, half, half)];
  const [cos, sin] = [ofTable(0), mul(ofTable(half), direction)];
  const turned = concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))], 4);
  return reshape(concat([turned, part(2, 1, 0, headDim)], 3), x.shape);
};
