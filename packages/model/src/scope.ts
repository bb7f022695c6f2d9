import { type StreamKey, subKey } from "@cramkit/random";
import type { DropoutOptions, Operations } from "./operations/operations.ts";
import type { Scope } from "./part.ts";

export interface ScopeOptions<Value> {
  /** @defaultValue every position is seen */
  mask?: Value;
  /**
   * Each position attends to those before it and itself.
   * @defaultValue `false`
   */
  causal?: boolean;
  /**
   * Rate of `scope.dropout`.
   * @defaultValue `0`
   */
  dropoutRate?: number;
  /**
   * Of the step, while the model trains; without it there is no dropout.
   * @defaultValue no dropout
   */
  key?: StreamKey;
}

/** Of the mask at a place of the model, in the order in which places are met; `key` is the step's. */
export const dropoutKeyAt = (key: StreamKey, place: number): StreamKey => subKey(key, "dropout", place);

/** The outermost scope: parameters by their full names, dropout places numbered in the order in which they are met. */
export const createScope = <Value>(
  ops: Operations<Value>,
  param: (name: string) => Value,
  { mask, causal = false, dropoutRate = 0, key }: ScopeOptions<Value> = {},
): Scope<Value> => {
  let places = 0;
  const firstValues: { current?: Value } = {};
  const dropoutAt = (rate: number): DropoutOptions | undefined => {
    const place = places++;
    return key === undefined || rate === 0 ? undefined : { rate, key: dropoutKeyAt(key, place) };
  };
  const hiddenDropout = () => dropoutAt(dropoutRate);
  const dropout = (x: Value): Value => {
    const options = hiddenDropout();
    return options ? ops.dropout(x, options) : x;
  };
  const at = (prefix: string): Scope<Value> => ({
    ops,
    param: (name) => param(prefix + name),
    within: (name) => at(`${prefix}${name}.`),
    ...(mask !== undefined && { mask }),
    causal,
    firstValues,
    branchScale: 1,
    dropout,
    hiddenDropout,
    dropoutAt,
  });
  return at("");
};

/** The same scope with a mask, a branch scale or rows of its own, inside of it too. */
export const rescope = <Value>(
  scope: Scope<Value>,
  changes: {
    /** @defaultValue the scope's own */
    mask?: Value | undefined;
    /** @defaultValue the scope's own */
    branchScale?: number;
    /** @defaultValue the scope's own */
    row?: (x: Value) => Value;
  },
): Scope<Value> => ({ ...scope, ...changes, within: (name) => rescope(scope.within(name), changes) }) as Scope<Value>;
