import type { ModelConfig } from "./config.ts";
import type { Scope } from "./part.ts";
import { rescope } from "./scope.ts";

/** Brings `x` to the sequence length of a layer and says in which scope (with which mask) the layer runs. */
type Funnel<Value> = (x: Value, layer: number) => { resized: Value; scope: Scope<Value> };

/**
 * Funnel of sequence lengths: a shorter layer gets means of neighbouring positions, a longer one repeats them and adds the
 * state that last had its length (the skip of an hourglass).
 */
export const createFunnel = <Value>({ funnel, maxLength, hidden }: ModelConfig, scope: Scope<Value>): Funnel<Value> => {
  if (!funnel) return (x) => ({ resized: x, scope });
  const { ops, mask } = scope;
  const states = new Map<number, Value>();
  let current = maxLength;
  const pooled = (x: Value, factor: number) => ops.reduce(ops.reshape(x, [0, -1, factor, hidden]), "mean", [2]);
  const repeated = (x: Value, times: number) => {
    const apart = ops.reshape(x, [0, -1, 1, hidden]);
    return ops.reshape(ops.concat(Array<Value>(times).fill(apart), 2), [0, -1, hidden]);
  };
  return (x, layer) => {
    const length = funnel[layer]!;
    let resized = x;
    if (length < current) {
      states.set(current, x);
      resized = pooled(x, current / length);
    } else if (length > current) {
      const skip = states.get(length);
      resized = repeated(x, length / current);
      if (skip !== undefined) resized = ops.add(resized, skip);
    }
    current = length;
    if (mask === undefined || length === maxLength) return { resized, scope };
    const coarse = ops.reduce(ops.reshape(mask, [0, -1, maxLength / length]), "max", [2]);
    return { resized, scope: rescope(scope, { mask: coarse }) };
  };
};
