import { randomStream, type StreamKey, subKey } from "@cramkit/random";
import { type ModelConfig, mixerAt, ownLayers } from "./config.ts";
import { type EncoderInputs, embed, embeddingParameters } from "./embedding.ts";
import { createFunnel } from "./funnel.ts";
import { makeLayer } from "./layer.ts";
import { normOfStream, type ParameterTable, parametersOf, type Scope, type Stream, settled } from "./part.ts";
import { makeNorm } from "./parts/norms.ts";
import { rescope } from "./scope.ts";

/** The parameters of embedding, layers and final norm, under `encoder.`. */
export const encoderParameters = (config: ModelConfig): ParameterTable => {
  const layers = Array.from(
    { length: ownLayers(config) },
    (_, index) => [`layers.${index}`, makeLayer(config, index)] as const,
  );
  const finalNorm = config.finalNorm ? makeNorm(config, { layer: config.layers, width: config.hidden }) : undefined;
  const stacked = parametersOf({ ...Object.fromEntries(layers), final_norm: finalNorm });
  return parametersOf({ encoder: { parameters: { ...embeddingParameters(config), ...stacked } } });
};

/**
 * Ids `[batch, seq]` -> hidden `[batch, seq, hidden]`, after the final norm; or of `rows`, int32 `[count]` among all positions of the
 * batch, `[count, hidden]`.
 *
 * @param key of the random choices of a step of training (layer drop, depth of a deep-thinking recurrence)
 */
export const runEncoder = <Value>(
  inputs: EncoderInputs<Value>,
  outer: Scope<Value>,
  config: ModelConfig,
  key?: StreamKey,
  rows?: Value,
): Value => {
  const scope = outer.within("encoder");
  const { ops } = scope;
  const layers = Array.from({ length: ownLayers(config) }, (_, index) => makeLayer(config, index));
  const drop = survival(config, key);
  const funnel = createFunnel(config, scope);
  const row = (x: Value) => ops.embedding(rows!, ops.reshape(x, [-1, config.hidden]));
  let isTaken = rows === undefined;
  const runLayer = (stream: Stream<Value>, index: number): Stream<Value> => {
    const scale = drop(index);
    const { resized, scope: inner } = config.funnel
      ? funnel(settled(stream, scope), index)
      : { resized: undefined, scope };
    const entering = resized === undefined ? stream : { x: resized };
    const own = index % layers.length;
    const placed = rescope(inner, { branchScale: scale }).within(`layers.${own}`);
    if (scale === 0) {
      return { x: ops.touch(settled(entering, scope), Object.keys(layers[own]!.parameters).map(placed.param)) };
    }
    const last = !isTaken && isLastMixed(config, index) ? row : undefined;
    isTaken ||= last !== undefined;
    if (!config.valueResidual || index > 0) return ops.scoped(() => layers[own]!.run(entering, placed, last));
    // Later layers need the values of the first: they leave its scope with what it returns.
    const { output, values } = ops.scoped(() => ({
      output: layers[own]!.run(entering, placed, last),
      values: scope.firstValues.current!,
    }));
    scope.firstValues.current = values;
    return output;
  };
  const embedded = ops.scoped(() => embed(inputs, scope, config));
  let stream: Stream<Value> = { x: embedded };
  if (config.recurrence === "deep-thinking" && config.sharedLayers > 0) {
    const round = (state: Value, first: number): Value => {
      let next: Stream<Value> = { x: state };
      for (let i = 0; i < layers.length; i++) next = runLayer(next, first + i);
      return ops.add(settled(next, scope), embedded);
    };
    stream = { x: think(embedded, round, config, ops.detached, key) };
  } else {
    for (let index = 0; index < config.layers; index++) stream = runLayer(stream, index);
  }
  return ops.scoped(() => {
    const norm = config.finalNorm && makeNorm(config, { layer: config.layers, width: config.hidden });
    const hidden = norm ? normOfStream(stream, norm, scope.within("final_norm")) : settled(stream, scope);
    return isTaken ? hidden : row(hidden);
  });
};

/**
 * Whether positions are mixed for the last time in this layer, so that what follows is row by row. A part of the caller's own may look at
 * other rows, and a deep-thinking recurrence comes back to the first layer.
 */
const isLastMixed = (config: ModelConfig, index: number): boolean => {
  const { feedForward, norm, recurrence, funnel } = config;
  const isOurs = [feedForward, norm, mixerAt(config, index)].every((part) => typeof part === "string");
  return index === config.layers - 1 && isOurs && funnel === null && recurrence !== "deep-thinking";
};

/**
 * Progressive layer drop: layer i of L survives with probability p = 1 - (i + 1) (1 - theta) / L, and its branches are then
 * scaled by 1 / p. The function returns that scale, 0 for a layer that is dropped.
 */
const survival = ({ layerDrop, layers }: ModelConfig, key: StreamKey | undefined): ((layer: number) => number) => {
  if (layerDrop === null || key === undefined) return () => 1;
  const { float64 } = randomStream(subKey(key, "layer drop"));
  return (layer) => {
    const probability = 1 - ((layer + 1) * (1 - layerDrop)) / layers;
    return float64(layer) < probability ? 1 / probability : 0;
  };
};

/**
 * Deep thinking over R rounds, state <- embedded + block(state): in training n rounds without a gradient, n in 0..R-1, then
 * k with one, k in 1..min(R - n + 1, R / 2) - 1, at least 1; else all R.
 */
const think = <Value>(
  embedded: Value,
  round: (state: Value, firstLayer: number) => Value,
  { layers, sharedLayers }: ModelConfig,
  detached: (compute: () => Value) => Value,
  key: StreamKey | undefined,
): Value => {
  const rounds = layers / sharedLayers;
  const repeat = (state: Value, from: number, count: number): Value => {
    let next = state;
    for (let i = from; i < from + count; i++) next = round(next, i * sharedLayers);
    return next;
  };
  if (key === undefined) return repeat(embedded, 0, rounds);
  const { below } = randomStream(subKey(key, "deep thinking"));
  const free = below(rounds, 0);
  const most = Math.max(1, Math.floor(Math.min(rounds - free + 1, rounds / 2)) - 1);
  const trained = 1 + below(most, 1);
  const start = free === 0 ? embedded : detached(() => repeat(embedded, 0, free));
  return repeat(start, free, trained);
};
