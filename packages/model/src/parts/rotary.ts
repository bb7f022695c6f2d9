import type { ModelConfig } from "../config.ts";
import type { Scope } from "../part.ts";
import { tableOnce } from "../tables.ts";

/**
 * Rotary positions (RoFormer): with the halves (a, b) of a head and the angle t = position * 10000^(-2i / headDim),
 * a' = a cos t - b sin t, b' = b cos t + a sin t, for queries and keys; values pass.
 * `qkv [batch, seq, 3 * hidden]` grouped `[heads, 3, headDim]` -> same.
 */
export function rotate<Value>(qkv: Value, { ops }: Scope<Value>, { hidden, heads, maxSeq }: ModelConfig): Value {
  const headDim = hidden / heads;
  const { cosines, sines } = rotaryTables(maxSeq, headDim);
  const row = 3 * headDim;
  const perPosition = (table: Float32Array) =>
    ops.reshape(ops.firstRows(ops.constant(table, [maxSeq, row]), qkv), [0, 1, 3, headDim]);
  const grouped = ops.reshape(qkv, [0, 0, -1, headDim]); // [batch, seq, heads * 3, headDim]
  const [a, b] = ops.split(grouped, 2) as [Value, Value];
  const split = [0, 0, heads, 3, headDim];
  const swapped = ops.reshape(ops.concat([b, a], 3), split);
  const turned = ops.add(ops.mul(ops.reshape(qkv, split), perPosition(cosines)), ops.mul(swapped, perPosition(sines)));
  return ops.reshape(turned, [0, 0, 3 * hidden]);
}

/** `[positions, 3, headDim]`; the sine has its sign in it; values get 1 and 0. */
function rotaryTables(positions: number, headDim: number): { cosines: Float32Array; sines: Float32Array } {
  const half = headDim / 2;
  const table = (passing: number, turning: (angle: number, i: number) => number) => () =>
    Float32Array.from({ length: positions * 3 * headDim }, (_, at) => {
      const i = at % headDim;
      const isValue = Math.floor(at / headDim) % 3 === 2;
      const position = Math.floor(at / (3 * headDim));
      return isValue ? passing : turning(position * 10000 ** ((-2 * (i % half)) / headDim), i);
    });
  const sine = (angle: number, i: number) => (i < half ? -Math.sin(angle) : Math.sin(angle));
  return {
    cosines: tableOnce(`rotary cosines ${positions} ${headDim}`, table(1, Math.cos)),
    sines: tableOnce(`rotary sines ${positions} ${headDim}`, table(0, sine)),
  };
}
