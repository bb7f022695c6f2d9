import { fault, shown } from "@cramkit/errors";
import {
  decoderWidth,
  embeddingWidth,
  type Head,
  headless,
  initializations,
  type LocalAttention,
  type MixerName,
  type ModelConfig,
  normSchemes,
  type PartFactory,
  poolings,
  positions,
  predictionHeads,
  recurrences,
  splitActivation,
} from "./config.ts";
import { activations } from "./operations/operations.ts";
import { parameterCount } from "./parameters.ts";
import { feedForwards } from "./parts/feed-forward.ts";
import { mixers } from "./parts/mixers.ts";
import { norms } from "./parts/norms.ts";

/**
 * Check that a configuration can work.
 *
 * @throws RangeError naming every field that is at fault, what it may be and what it is
 */
export const checkConfig = (config: ModelConfig): void => {
  const problems = shapeProblems(config);
  if (problems.length === 0) problems.push(...sizeProblems(config), ...nameProblems(config));
  // Relations between fields are only worth a word when each of them is possible.
  if (problems.length === 0) problems.push(...relationProblems(config));
  if (problems.length === 0) problems.push(...totalProblems(config));
  if (problems.length > 0) {
    throw fault({
      code: "invalid-argument",
      place: "checkConfig",
      problem: `expected a model configuration that can work, got
  ${problems.join("\n  ")}`,
      type: RangeError,
    });
  }
};

/** Far beyond what anybody trains with this, and little enough that nothing breaks before it is refused. */
const most = {
  vocabSize: 1 << 22,
  hidden: 1 << 15,
  layers: 1000,
  heads: 1 << 12,
  intermediate: 1 << 18,
  maxLength: 1 << 20,
  feedForwardEvery: 1000,
  typeVocabSize: 1 << 16,
  sharedLayers: 1000,
  paddingId: 1 << 22,
  embeddingSize: 1 << 15,
  labels: 1 << 20,
  width: 1 << 15,
  parameters: 2 ** 33,
} as const;

const totalProblems = (config: ModelConfig): string[] => {
  const total = parameterCount(config);
  if (total <= most.parameters) return [];
  const [limit, count] = [most.parameters, total].map((value) => value.toLocaleString("en-US"));
  return [`layers, hidden, intermediate, vocabSize: expected at most ${limit} parameters, got ${count}`];
};

const isCount = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && (value as number) >= least;

/** Fields that are not plain values. */
const shapeProblems = ({ head, init, funnel }: ModelConfig): string[] => {
  const isObject = (value: unknown) => typeof value === "object" && value !== null;
  return [
    ...(isObject(head) ? [] : [`head: expected an object with a type, got ${shown(head)}`]),
    ...(isObject(init) ? [] : [`init: expected { type, std }, got ${shown(init)}`]),
    ...(funnel === null || Array.isArray(funnel)
      ? []
      : [`funnel: expected null or a list of lengths, got ${shown(funnel)}`]),
  ];
};

const booleans = [
  "inputProjectionBias",
  "embeddingNorm",
  "finalNorm",
  "firstNorm",
  "rotary",
  "qkNorm",
  "valueResidual",
  "useBias",
  "qkvBias",
  "tieWeights",
  "decoderBias",
  "zeroOutputs",
] as const;

/** By their type alone: a field that is missing must not go unchecked. */
const isPooled = (head: Head): head is Extract<Head, { pooling: unknown }> =>
  head.type === "classification" || head.type === "regression";
const isClassifier = (head: Head): head is Extract<Head, { labels: number }> =>
  isPooled(head) || head.type === "token-classification";

const sizeProblems = (config: ModelConfig): string[] => {
  const problems: string[] = [];
  const need = (field: string, value: unknown, holds: boolean, may: string) => {
    if (!holds) problems.push(`${field}: expected ${may}, got ${shown(value)}`);
  };
  const positive = ["vocabSize", "hidden", "heads", "intermediate", "maxLength", "feedForwardEvery"] as const;
  for (const field of positive) need(field, config[field], isCount(config[field], 1), "a positive integer");
  const needAtMost = (field: keyof typeof most, value: unknown, name: string = field) =>
    need(name, value, !((value as number) > most[field]), `at most ${most[field].toLocaleString("en-US")}`);
  for (const field of [...positive, "layers", "typeVocabSize", "sharedLayers", "paddingId", "embeddingSize"] as const)
    needAtMost(field, config[field]);
  for (const field of ["layers", "typeVocabSize", "sharedLayers", "paddingId"] as const) {
    need(field, config[field], isCount(config[field], 0), "an integer of at least 0");
  }
  const { embeddingSize, dropout, attentionDropout, normEpsilon, residualScale, layerDrop, init } = config;
  need(
    "embeddingSize",
    embeddingSize,
    embeddingSize === null || isCount(embeddingSize, 1),
    "null or a positive integer",
  );
  const isRate = (rate: number) => rate >= 0 && rate < 1;
  for (const field of booleans) need(field, config[field], typeof config[field] === "boolean", "true or false");
  need("dropout", dropout, isRate(dropout), "a rate from 0 to below 1");
  need("attentionDropout", attentionDropout, isRate(attentionDropout), "a rate from 0 to below 1");
  need("normEpsilon", normEpsilon, normEpsilon >= 0 && Number.isFinite(normEpsilon), "a number of at least 0");
  need("residualScale", residualScale, residualScale > 0 && Number.isFinite(residualScale), "a positive number");
  need(
    "layerDrop",
    layerDrop,
    layerDrop === null || (layerDrop > 0 && layerDrop <= 1),
    "null or a share above 0, at most 1",
  );
  const { rotaryBase, localAttention } = config;
  const isBase = (base: unknown) => Number.isFinite(base) && (base as number) > 0;
  need("rotaryBase", rotaryBase, isBase(rotaryBase), "a positive number");
  if (localAttention !== null) {
    const { reach, rotaryBase: base } = (localAttention ?? {}) as Partial<LocalAttention>;
    need("localAttention.reach", reach, isCount(reach, 1), "a positive integer");
    need("localAttention.rotaryBase", base, isBase(base), "a positive number");
  }
  need("init.std", init.std, init.std >= 0 && Number.isFinite(init.std), "a number of at least 0");
  const { head } = config;
  if (isClassifier(head)) {
    need("head.labels", head.labels, isCount(head.labels, 1), "a positive integer");
    needAtMost("labels", head.labels, "head.labels");
    need("head.dropout", head.dropout, isRate(head.dropout), "a rate from 0 to below 1");
    need("head.transform", head.transform, [undefined, true, false].includes(head.transform), "true or false");
  }
  if (isPooled(head)) needAtMost("width", head.width, "head.width");
  if (isPooled(head))
    need("head.width", head.width, head.width === null || isCount(head.width, 1), "null or a positive integer");
  return problems;
};

const nameProblems = (config: ModelConfig): string[] => {
  const problems: string[] = [];
  const need = (field: string, value: unknown, names: readonly string[], more = "") => {
    if (typeof value !== "function" && !names.includes(value as string)) {
      problems.push(`${field}: expected one of ${names.join(", ")}${more}, got ${shown(value)}`);
    }
  };
  need("position", config.position, positions);
  need("normScheme", config.normScheme, normSchemes);
  need("predictionHead", config.predictionHead, predictionHeads);
  need("recurrence", config.recurrence, recurrences);
  need("init.type", config.init.type, initializations);
  const plain = activations.filter((name) => name !== "relu2");
  need("activation", config.activation, [...plain, ...plain.map((name) => `${name}-glu`), "relu2", "relu2-glu"]);
  need("norm", config.norm, Object.keys(norms), " or a function");
  need("feedForward", config.feedForward, Object.keys(feedForwards), " or a function");
  for (const mixer of [config.mixer].flat()) need("mixer", mixer, Object.keys(mixers), " or a function");
  const heads = ["none", "masked-language-model", "classification", "regression", "token-classification"];
  need("head.type", config.head.type, heads);
  if (isPooled(config.head)) need("head.pooling", config.head.pooling, poolings);
  return problems;
};

const relationProblems = (config: ModelConfig): string[] => {
  const problems: string[] = [];
  const need = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };
  const { hidden, heads, layers, sharedLayers, mixer, funnel, maxLength, head, embeddingSize } = config;
  const { gated } = splitActivation(config.activation);
  need(hidden % heads === 0, `heads: expected a divisor of hidden ${hidden}, got ${heads}`);
  need(
    !gated || config.intermediate % 2 === 0,
    `intermediate: expected an even number with a gate, got ${config.intermediate}`,
  );
  need(!config.rotary || (hidden / heads) % 2 === 0, `rotary: expected an even head size, got ${hidden / heads}`);
  need(
    config.paddingId < config.vocabSize,
    `paddingId: expected less than vocabSize ${config.vocabSize}, got ${config.paddingId}`,
  );
  need(
    sharedLayers === 0 || layers % sharedLayers === 0,
    `sharedLayers: expected 0 or a divisor of layers ${layers}, got ${sharedLayers}`,
  );
  const used = [mixer].flat() as (MixerName | PartFactory)[];
  const attends = (one: MixerName | PartFactory) => typeof one === "function" || !headless.includes(one);
  for (const [field, what] of [
    ["rotary", "rotate"],
    ["qkNorm", "norm"],
  ] as const) {
    need(
      !config[field] || used.some(attends),
      `${field}: expected false with mixer ${used.find((one) => typeof one === "string")}, which has no queries and keys to ${what}`,
    );
  }
  need(
    config.localAttention !== null || !used.includes("local-attention"),
    "localAttention: expected { reach, rotaryBase }, as a mixer is local-attention, got null",
  );
  need(
    !config.valueResidual || used.every((one) => typeof one === "string" && attends(one)),
    `valueResidual: expected attention in every layer, got mixer ${shown(mixer)}`,
  );
  need(
    !config.valueResidual || (sharedLayers === 0 && funnel === null && config.layerDrop === null),
    "valueResidual: expected no sharedLayers, funnel or layerDrop, under which a layer may not see the values of the first",
  );
  need(
    config.firstNorm || (config.normScheme !== "post" && sharedLayers === 0),
    "firstNorm: expected true with normScheme post, and with sharedLayers, whose first layer is also a later one",
  );
  const repeats = used.every((one, i) => sharedLayers === 0 || one === used[i % sharedLayers]);
  need(repeats, `mixer: expected the same in every round of ${sharedLayers} shared layers, got ${shown(mixer)}`);
  const mixerCount = Array.isArray(mixer) ? mixer.length : layers;
  need(mixerCount === layers, `mixer: expected one for each of ${layers} layers, got ${mixerCount}`);
  need(
    head.type !== "masked-language-model" || !config.tieWeights || decoderWidth(config) === embeddingWidth(config),
    `predictionHead: expected linear or transform, as embeddingSize ${embeddingSize} is not hidden ${hidden}, got none`,
  );
  const deepThinking = config.recurrence === "deep-thinking";
  need(
    !deepThinking || sharedLayers > 0,
    `sharedLayers: expected the layers of a round, as recurrence is deep-thinking, got ${sharedLayers}`,
  );
  need(!deepThinking || funnel === null, "funnel: expected null, as each round of deep-thinking adds the embedding");
  need(head.type !== "regression" || head.labels === 1, "head.labels: expected 1 for regression");
  const transforms = isClassifier(head) && head.transform === true;
  need(
    !transforms || (config.predictionHead === "transform" && embeddingWidth(config) === hidden),
    "head.transform: expected predictionHead transform and no embeddingSize, or false",
  );
  need(!transforms || !isPooled(head) || head.width === null, "head.width: expected null beside head.transform");
  if (funnel) {
    need(funnel.length === layers, `funnel: expected one length for each of ${layers} layers, got ${funnel.length}`);
    need(
      funnel.every((length) => isCount(length, 1)),
      `funnel: expected positive lengths, got ${shown(funnel)}`,
    );
    need(
      funnel[0] === maxLength && funnel.at(-1) === maxLength,
      `funnel: expected to begin and end with maxLength ${maxLength}, got ${shown(funnel)}`,
    );
    need(
      funnel.every((length) => maxLength % length === 0),
      `funnel: expected lengths that divide maxLength ${maxLength}, got ${shown(funnel)}`,
    );
    const steps = funnel.slice(1).map((length, i) => Math.max(length, funnel[i]!) % Math.min(length, funnel[i]!) === 0);
    need(
      steps.every(Boolean),
      `funnel: expected each length to divide its neighbour or the reverse, got ${shown(funnel)}`,
    );
  }
  return problems;
};
