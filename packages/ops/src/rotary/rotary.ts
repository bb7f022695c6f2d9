import { type Tensor, tensor, zerosLike } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor, printShape } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { type RotaryAttrs, rotaryReference } from "./reference.ts";
import { rotaryTable } from "./table.ts";

export { rotaryTable } from "./table.ts";

export interface RotaryOptions {
  /** Must divide the hidden size into even parts. */
  heads: number;
  /**
   * Its powers are the wavelengths: the larger, the slower the later pairs turn.
   * @defaultValue `10000`
   */
  base?: number;
}

/**
 * Rotary positions (RoFormer, arXiv 2104.09864): queries and keys turn with their position, values pass. With the halves
 * (a, b) of a head and t_i = position * base^(-2i / headDim): a' = a cos t - b sin t, b' = b cos t + a sin t. RoFormer
 * pairs neighbours; the halves are GPT-NeoX's order. `qkv [batch, seq, 3 * hidden]`, its last axis grouped
 * `[heads, 3, headDim]` -> same.
 */
export const rotary = (qkv: Tensor, { heads, base = 10000 }: RotaryOptions): Tensor => {
  checkTensor("rotary", "qkv", qkv, ["batch", "seq", "3 * hidden"]);
  checkRange("rotary", "a base above 0", base, base > 0 && Number.isFinite(base));
  const [, seq, width] = qkv.shape as [number, number, number];
  checkRange("rotary", "heads to be a positive integer", heads, Number.isInteger(heads) && heads > 0);
  checkRange(
    "rotary",
    `qkv ${printShape(["batch", "seq", "3 * heads * headDim"])} with heads ${heads} and an even headDim`,
    printShape(qkv.shape),
    width % (6 * heads) === 0,
  );
  const headDim = width / (3 * heads);
  const turn = (x: Tensor, direction: RotaryAttrs["direction"]): Tensor => {
    if (x.size === 0) return zerosLike(x);
    const attrs = { heads, direction };
    const table = tensor(rotaryTable(seq, headDim, base), [seq, headDim]);
    return fused("CramkitRotary", { x, table }, attrs, () => rotaryReference(x, table, attrs));
  };
  return differentiable(
    [qkv],
    () => turn(qkv, 1),
    (dy) => [turn(dy, -1)],
  );
};
