import type { ParameterTable, Scope } from "../part.ts";

/** The parameters of y = x W^T + b under `name`. */
export const linearParameters = (name: string, inputs: number, outputs: number, bias: boolean): ParameterTable => ({
  [`${name}.weight`]: { shape: [outputs, inputs], init: { type: "linear" } },
  ...(bias && { [`${name}.bias`]: { shape: [outputs], init: { type: "constant", value: 0 } } }),
});

/** The parameters under `name`, for an operation that takes them. */
export const linearOf = <Value>(scope: Scope<Value>, name: string, bias: boolean): { weight: Value; bias?: Value } => ({
  weight: scope.param(`${name}.weight`),
  ...(bias && { bias: scope.param(`${name}.bias`) }),
});

/** `[..., in]` -> `[..., out]` with the parameters under `name`. */
export const runLinear = <Value>(x: Value, scope: Scope<Value>, name: string, bias: boolean): Value =>
  scope.ops.linear(x, scope.param(`${name}.weight`), bias ? scope.param(`${name}.bias`) : undefined);
