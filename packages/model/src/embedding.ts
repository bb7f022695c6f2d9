import { fault } from "@cramkit/errors";
import { embeddingWidth, type ModelConfig } from "./config.ts";
import { type ParameterTable, parametersOf, type Scope } from "./part.ts";
import { linearParameters } from "./parts/linear.ts";
import { makeNorm } from "./parts/norms.ts";
import { tableOnce } from "./tables.ts";

export interface EncoderInputs<Value> {
  /** int32 `[batch, seq]` */
  inputIds: Value;
  /** `[batch, seq]`, 1 if a position may be attended to. @defaultValue all may */
  attentionMask?: Value;
  /** int32 `[batch, seq]`; for models that have token types. @defaultValue 0 everywhere */
  tokenTypeIds?: Value;
}

const wordName = "embedding.word_embedding.weight";
const typeName = "embedding.token_type_embedding.weight";
const learnedName = "embedding.pos_embedding.embedding.weight";
const scaleName = "embedding.pos_embedding.scale_factor";

/** Names under `encoder`. */
export const embeddingParameters = (config: ModelConfig): ParameterTable => {
  const width = embeddingWidth(config);
  const { vocabSize, maxLength, typeVocabSize, position, paddingId, hidden } = config;
  const norm = config.embeddingNorm ? makeNorm(config, { layer: 0, width }) : undefined;
  return {
    [wordName]: { shape: [vocabSize, width], init: { type: "normal", paddingId } },
    ...(position === "learned" && { [learnedName]: { shape: [maxLength, width], init: { type: "normal" } } }),
    ...(position === "scaled-sinusoidal" && {
      [scaleName]: { shape: [1], init: { type: "constant", value: width ** -0.5 } },
    }),
    ...(typeVocabSize > 0 && { [typeName]: { shape: [typeVocabSize, width], init: { type: "normal" } } }),
    ...parametersOf({ "embedding.norm": norm }),
    ...(width !== hidden && linearParameters("input_projection", width, hidden, config.inputProjectionBias)),
  };
};

/** project(dropout(norm(word + position + type))): ids `[batch, seq]` -> `[batch, seq, hidden]` */
export const embed = <Value>(inputs: EncoderInputs<Value>, scope: Scope<Value>, config: ModelConfig): Value => {
  const { ops, param } = scope;
  const width = embeddingWidth(config);
  let x = ops.embedding(inputs.inputIds, param(wordName), config.paddingId);
  if (config.typeVocabSize > 0) {
    if (inputs.tokenTypeIds === undefined)
      throw fault({
        code: "invalid-argument",
        place: "encode",
        problem: "expected tokenTypeIds, as the model has token types",
        type: TypeError,
      });
    x = ops.add(x, ops.embedding(inputs.tokenTypeIds, param(typeName)));
  }
  if (config.position === "learned") x = ops.add(x, ops.firstRows(param(learnedName), x));
  else if (config.position !== "none") {
    const table = ops.constant(sinusoids(config.maxLength, width), [config.maxLength, width]);
    const waves = ops.firstRows(table, x);
    x = ops.add(x, config.position === "scaled-sinusoidal" ? ops.mul(waves, param(scaleName)) : waves);
  }
  if (config.embeddingNorm) x = makeNorm(config, { layer: 0, width }).run(x, scope.within("embedding.norm"));
  x = scope.dropout(x);
  if (width === config.hidden) return x;
  const bias = config.inputProjectionBias ? param("input_projection.bias") : undefined;
  return ops.linear(x, param("input_projection.weight"), bias);
};

/** table[p, 2i] = sin(p / 10000^(2i / width)), table[p, 2i + 1] = cos of the same. */
const sinusoids = (rows: number, width: number): Float32Array =>
  tableOnce(`sinusoids ${rows} ${width}`, () =>
    Float32Array.from({ length: rows * width }, (_, at) => {
      const i = at % width;
      const angle = Math.floor(at / width) * Math.exp((-(i - (i % 2)) * Math.log(10000)) / width);
      return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }),
  );
