import { fault, shown } from "@cramkit/errors";
import { type Head, type MixerName, type ModelConfig, type NormName, normSchemes, positions } from "./config.ts";
import { activations } from "./operations/operations.ts";
import { modelConfig } from "./presets.ts";

type Fields = Record<string, unknown>;

/**
 * The model of a reference case from the configuration fields in its file.
 *
 * @param names of the file's parameters; they settle what the fields leave open: whether a Fourier layer is followed by a
 *   projection, and whether the matrix after a factorised embedding has a bias
 * @throws RangeError naming a field that is missing or has a value that is not known
 */
export const modelConfigFromFixture = (fields: Fields, names: Iterable<string> = []): ModelConfig => {
  const read = reader(fields);
  const known = new Set(names);
  const size = {
    vocabSize: read.integer("vocab"),
    layers: read.integer("layers"),
    hidden: read.integer("hidden"),
    heads: read.integer("heads"),
    intermediate: read.integer("intermediate"),
    maxLength: read.integer("max_seq"),
    normEpsilon: read.number("eps"),
    init: { type: "normal", std: read.number("init_std", 0.02) },
    dropout: 0,
    attentionDropout: 0,
  } as const;
  const isBert = read.oneOf("naming", ["crammed", "bert"], "crammed") === "bert";
  const head = headOf(read, isBert ? size.hidden : undefined);
  if (isBert) return modelConfig({ ...bert, ...size, head });
  const layers = size.layers;
  return modelConfig({
    ...size,
    head,
    norm: read.oneOf("norm", ["LayerNorm", "RMSNorm", "RMSNorm-v1", "ScaleNorm"] satisfies NormName[], "LayerNorm"),
    normScheme: read.oneOf("norm_scheme", normSchemes, "pre"),
    activation: activationOf(read.string("activation")),
    position: read.oneOf("position", positions),
    embeddingSize: fields.embedding_dim == null ? null : read.integer("embedding_dim"),
    inputProjectionBias: known.has("encoder.input_projection.bias"),
    embeddingNorm: read.boolean("embedding_norm"),
    finalNorm: read.boolean("final_norm"),
    firstNorm: read.boolean("first_norm", true),
    qkNorm: read.boolean("qk_norm", false),
    valueResidual: read.boolean("value_residual", false),
    predictionHead: predictionHead(read.boolean("head_transform"), known),
    useBias: read.boolean("use_bias"),
    qkvBias: read.boolean("qkv_bias"),
    tieWeights: read.boolean("tie_weights", true),
    decoderBias: read.boolean("decoder_bias"),
    // Fourier layers have nothing to rotate, whatever the field says.
    rotary: read.boolean("rotary", false) && fields.attention !== "fourier",
    mixer: mixersOf(read, fields, layers, known),
    feedForwardEvery: read.integer("ffn_every", 1),
    sharedLayers: read.integer("recurrent", 0),
    residualScale: read.boolean("deepnorm", false) ? (2 * layers) ** 0.25 : 1,
    funnel: (fields.funnel as number[] | null | undefined) ?? null,
  });
};

/** What `naming: bert` stands for, whatever the other fields say. */
const bert = {
  norm: "LayerNorm",
  normScheme: "post",
  activation: "gelu",
  position: "learned",
  embeddingSize: null,
  typeVocabSize: 2,
  embeddingNorm: true,
  finalNorm: false,
  predictionHead: "transform",
  useBias: true,
  qkvBias: true,
  decoderBias: true,
} as const;

const headOf = (read: Reader, bertWidth: number | undefined): Head => {
  const task = read.oneOf("task", ["mlm", "classification", "regression"], "mlm");
  if (task === "mlm") return { type: "masked-language-model" };
  const labels = read.integer("num_labels", task === "regression" ? 1 : undefined);
  const width = read.boolean("include_ff_layer", true) ? read.integer("head_dim", bertWidth) : null;
  return { type: task, labels, width, pooling: "first", dropout: 0 };
};

/** `GELUglu` -> `gelu-glu` */
const activationOf = (name: string): ModelConfig["activation"] => {
  const lower = name.toLowerCase();
  const gated = lower.endsWith("glu") && lower.length > 3;
  const fn = activations.find((activation) => activation === (gated ? lower.slice(0, -3) : lower));
  if (!fn) throw unknown("activation", ["GELU", "ReLU", "SiLU", "Mish", "each also with suffix glu"], name);
  return gated ? `${fn}-glu` : fn;
};

const predictionHead = (transform: boolean, names: ReadonlySet<string>): ModelConfig["predictionHead"] => {
  if (transform) return "transform";
  return names.has("prediction_head.weight") ? "linear" : "none";
};

const mixersOf = (read: Reader, fields: Fields, layers: number, names: ReadonlySet<string>): ModelConfig["mixer"] => {
  const attention = read.oneOf("attention", ["self-attention", "fourier", "fourier-hybrid"], "self-attention");
  const attending = sequenceOperations[read.oneOf("sequence_op", Object.keys(sequenceOperations), "softmax")]!;
  if (attention === "self-attention") return attending;
  const hybrid = attention === "fourier-hybrid" ? ((fields.hybrid_layers as number[] | undefined) ?? []) : [];
  const fourier = (layer: number): MixerName =>
    names.has(`encoder.layers.${layer}.attn.dense.weight`) ? "fourier-projected" : "fourier";
  return Array.from({ length: layers }, (_, layer) => (hybrid.includes(layer) ? attending : fourier(layer)));
};

const sequenceOperations: Record<string, MixerName> = {
  softmax: "self-attention",
  "torch-softmax": "self-attention",
  "torch-norm": "normalized-attention",
  none: "unnormalized-attention",
  cumsum: "cumulative-attention",
  cumsumexp: "cumulative-exp-attention",
};

type Reader = ReturnType<typeof reader>;

const reader = (fields: Fields) => {
  const value = <T>(field: string, fallback: T | undefined, is: (value: unknown) => boolean, may: string): T => {
    const found = fields[field] ?? fallback;
    if (!is(found)) throw unknown(field, [may], found);
    return found as T;
  };
  return {
    integer: (field: string, fallback?: number) => value<number>(field, fallback, Number.isInteger, "an integer"),
    number: (field: string, fallback?: number) => value<number>(field, fallback, Number.isFinite, "a number"),
    string: (field: string, fallback?: string) =>
      value<string>(field, fallback, (found) => typeof found === "string", "a name"),
    boolean: (field: string, fallback?: boolean) =>
      value<boolean>(field, fallback, (found) => typeof found === "boolean", "true or false"),
    oneOf<const T extends string>(field: string, names: readonly T[], fallback?: NoInfer<T>): T {
      return value<T>(field, fallback, (found) => names.includes(found as T), `one of ${names.join(", ")}`);
    },
  };
};

const unknown = (field: string, may: readonly string[], found: unknown): RangeError =>
  fault({
    code: "invalid-argument",
    place: "modelConfigFromFixture",
    problem: `expected ${field} to be ${may.join(", ")}, got ${shown(found)}`,
    type: RangeError,
  });
