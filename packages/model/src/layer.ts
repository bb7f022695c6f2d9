import { type ModelConfig, mixerAt, type PartFactory } from "./config.ts";
import {
  normedStream,
  normOfStream,
  type ParameterTable,
  type Part,
  parametersOf,
  type Scope,
  type Stream,
  settled,
} from "./part.ts";
import { feedForwards } from "./parts/feed-forward.ts";
import { mixers } from "./parts/mixers.ts";
import { makeNorm } from "./parts/norms.ts";
import { rescope } from "./scope.ts";

/** What a layer owns, and what it makes of the stream. */
export interface Layer {
  readonly parameters: ParameterTable;
  /** `row` takes the rows that are read of the layer: what follows its mixing of positions is computed for those alone. */
  run<Value>(stream: Stream<Value>, scope: Scope<Value>, row?: (x: Value) => Value): Stream<Value>;
}

/** Layer `index`: a mixer and, if the layer has one, a feed-forward part, each on a branch of a residual connection. */
export const makeLayer = (config: ModelConfig, index: number): Layer => {
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
    run(stream, scope, row) {
      const between = mixed(stream, scope, row);
      return fed ? fed(between, scope) : between;
    },
  };
};

/** The last matrices of both branches start at zero. */
const withZeroOutputs = (table: ParameterTable): ParameterTable => {
  const next = { ...table };
  for (const name of ["attn.dense.weight", "ffn.dense_out.weight"]) {
    if (next[name]) next[name] = { ...next[name], init: { type: "constant", value: 0 } };
  }
  return next;
};

/** As in the study's code a layer without a feed-forward part has the identity in its place: x + norm2(x). */
const feedForwardAt = (config: ModelConfig, index: number): PartFactory | undefined => {
  if (config.feedForward === "none") return undefined;
  if ((index + 1) % config.feedForwardEvery !== 0) return identity;
  return typeof config.feedForward === "function" ? config.feedForward : feedForwards[config.feedForward];
};

const identity: PartFactory = () => ({ parameters: {}, run: (x) => x });

/**
 * x -> s x + part(norm(x)) if norms come first, norm(s x + part(x)) if they come after, s the residual's scale;
 * a sandwich has a second norm on what the part yields, after its dropout. A sum at the end is left open: the norm that
 * follows computes it.
 */
const residual =
  (
    { normScheme, residualScale }: ModelConfig,
    parts: Record<string, Part>,
    part: string,
    norm: string | undefined,
    outputNorm: string | undefined,
  ) =>
  <Value>(stream: Stream<Value>, outer: Scope<Value>, row?: (x: Value) => Value): Stream<Value> => {
    const scope = row ? rescope(outer, { row }) : outer;
    const { ops } = scope;
    const run = (name: string, value: Value) => parts[name]!.run(value, scope.within(name));
    const before = () => {
      const value = settled(stream, scope);
      return { x: value, normed: value };
    };
    const { x, normed } =
      normScheme === "post" || norm === undefined ? before() : normedStream(stream, parts[norm]!, scope.within(norm));
    let branch = run(part, normed);
    if (row && !parts[part]!.takesRows) branch = row(branch);
    let dropout = scope.hiddenDropout();
    if (outputNorm || scope.branchScale !== 1) {
      if (dropout) branch = ops.dropout(branch, dropout);
      dropout = undefined;
      if (outputNorm) branch = run(outputNorm, branch);
      if (scope.branchScale !== 1) branch = ops.scale(branch, scope.branchScale);
    }
    const kept = row ? row(x) : x;
    const open = { x: residualScale === 1 ? kept : ops.scale(kept, residualScale), branch, dropout };
    return normScheme === "post" && norm !== undefined
      ? { x: normOfStream(open, parts[norm]!, scope.within(norm)) }
      : open;
  };
