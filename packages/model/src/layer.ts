import { type ModelConfig, mixerAt, type PartFactory } from "./config.ts";
import { type ParameterTable, type Part, parametersOf } from "./part.ts";
import { feedForwards } from "./parts/feed-forward.ts";
import { mixers } from "./parts/mixers.ts";
import { makeNorm } from "./parts/norms.ts";

/** Layer `index`: a mixer and, where the layer has one, a feed-forward part, each on a branch of a residual connection. */
export function makeLayer(config: ModelConfig, index: number): Part {
  const place = { layer: index, width: config.hidden };
  const mixer = mixerAt(config, index);
  const attn = (typeof mixer === "function" ? mixer : mixers[mixer])(config, place);
  const ffn = feedForwardAt(config, index)?.(config, place);
  const norm = () => makeNorm(config, place);
  const sandwich = config.normScheme === "sandwich";
  const hasFirstNorm = index > 0 || config.firstNorm;
  const parts = {
    ...(hasFirstNorm && { norm1: norm() }),
    attn,
    ...(ffn && { norm2: norm(), ffn }),
    ...(sandwich && { norm3: norm(), ...(ffn && { norm4: norm() }) }),
  };
  const mixed = residual(config, parts, "attn", hasFirstNorm ? "norm1" : undefined, sandwich ? "norm3" : undefined);
  const fed = ffn ? residual(config, parts, "ffn", "norm2", sandwich ? "norm4" : undefined) : undefined;
  return {
    parameters: config.zeroOutputs ? withZeroOutputs(parametersOf(parts)) : parametersOf(parts),
    run(x, scope) {
      const between = mixed(x, scope);
      return fed ? fed(between, scope) : between;
    },
  };
}

/** The last matrices of both branches start at zero. */
function withZeroOutputs(table: ParameterTable): ParameterTable {
  const next = { ...table };
  for (const name of ["attn.dense.weight", "ffn.dense_out.weight"]) {
    if (next[name]) next[name] = { ...next[name], init: { type: "constant", value: 0 } };
  }
  return next;
}

function feedForwardAt(config: ModelConfig, index: number): PartFactory | undefined {
  if ((index + 1) % config.feedForwardEvery !== 0) return undefined;
  return typeof config.feedForward === "function" ? config.feedForward : feedForwards[config.feedForward];
}

/**
 * x -> s x + part(norm(x)) where norms come first, norm(s x + part(x)) where they come after, s the residual's scale;
 * a sandwich has a second norm on what the part yields, after its dropout.
 */
function residual(
  { normScheme, residualScale }: ModelConfig,
  parts: Record<string, Part>,
  part: string,
  norm: string | undefined,
  outputNorm: string | undefined,
): Part["run"] {
  return (x, scope) => {
    const { ops } = scope;
    const run = (name: string, value: typeof x) => parts[name]!.run(value, scope.within(name));
    let branch = run(part, normScheme === "post" || norm === undefined ? x : run(norm, x));
    branch = scope.dropout(branch);
    if (outputNorm) branch = run(outputNorm, branch);
    if (scope.branchScale !== 1) branch = ops.scale(branch, scope.branchScale);
    const sum = ops.add(residualScale === 1 ? x : ops.scale(x, residualScale), branch);
    return normScheme === "post" && norm !== undefined ? run(norm, sum) : sum;
  };
}
