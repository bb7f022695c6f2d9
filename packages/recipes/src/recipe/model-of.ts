import { fault } from "@cramkit/errors";
import { checkConfig, type ModelConfig, preset } from "@cramkit/model";
import { nearest } from "./nearest.ts";
import type { Recipe } from "./recipe.ts";
import { shortened } from "./shortened.ts";
import { trainedLength } from "./trained-length.ts";

/** A model of a file that was written before these fields were there. */
export const completeModel = <M extends object>(model: M): M => ({
  ...{ tieWeights: true, firstNorm: true, qkNorm: false, valueResidual: false, zeroOutputs: false },
  ...{ rotaryBase: 10000, localAttention: null },
  ...model,
});

/** The model of a recipe for a vocabulary of this size, checked. */
export const modelOf = (recipe: Recipe, vocabSize: number): ModelConfig => {
  requireKnownFields(recipe.model);
  const { dropout } = recipe.training;
  const config: ModelConfig = { ...completeModel(recipe.model), vocabSize, dropout, attentionDropout: dropout };
  checkConfig(config);
  if (config.head.type !== "masked-language-model") {
    throw fault({
      code: "invalid-input",
      place: "model.head.type",
      problem: `expected masked-language-model, as a recipe pretrains, got ${config.head.type}`,
      type: RangeError,
    });
  }
  requireFit(config, recipe);
  return config;
};

const requireKnownFields = (model: Recipe["model"]): void => {
  const known = Object.keys(preset("crammed-bert"));
  const unknown = Object.keys(model).find((field) => !known.includes(field));
  if (unknown !== undefined)
    throw fault({
      code: "invalid-input",
      place: `model.${shortened(unknown)}`,
      problem: "unknown field",
      remedy: `there is ${nearest(unknown, known).join(", ")}`,
      type: RangeError,
    });
};

/** Rows, whole and as training drops tokens, must fit into the model. */
const requireFit = ({ maxLength, funnel }: ModelConfig, recipe: Recipe): void => {
  const { seqLength } = recipe.rows;
  if (maxLength < seqLength)
    throw fault({
      code: "invalid-input",
      place: "rows.seqLength",
      problem: `expected at most model.maxLength ${maxLength}, got ${seqLength}`,
      type: RangeError,
    });
  if (funnel === null) return;
  const unit = maxLength / Math.min(...funnel);
  for (const [setting, length] of [
    ["rows.seqLength", seqLength],
    ["training.tokenDrop", trainedLength(recipe)],
  ] as const) {
    if (length !== maxLength && length % unit !== 0)
      throw fault({
        code: "invalid-input",
        place: setting,
        problem: `expected rows of a multiple of ${unit} tokens for model.funnel, got ${length}`,
        type: RangeError,
      });
  }
};
