import type { PresetName } from "@cramkit/model";
import type { Recipe } from "../recipe/recipe.ts";
import type { SweepInput } from "../sweep/sweep.ts";
import { architecture, inProportion } from "./scale.ts";

/** Presets that figure 1 and its text compare, by what they are. */
const presets: readonly (readonly [string, PresetName])[] = [
  ["BERT-base, norms last", "bert-base"],
  ["BERT-base, norms first", "crammed-bert-simple"],
  ["c4: 4 heads, rotary", "bert-c4"],
  ["i4: wide and shallow", "bert-i4"],
  ["bamboo: deep and narrow", "bamboo"],
  ["BERT-large", "izsak-large"],
  ["BERT-tiny, factorised embedding", "bert-tiny"],
  ["FNet", "fnet"],
  ["FNet hybrid", "fnet-hybrid"],
  ["FLASH", "flash"],
  ["funnel", "funnel"],
  ["recurrent", "recurrent"],
];

/** Figure 1: architectures under the final recipe's training. */
export const architectures = (base: Recipe): NonNullable<SweepInput["variants"]> => {
  const { model } = base;
  const { layers } = model;
  return [
    { name: "crammed BERT", set: {} },
    ...presets.map(([name, preset]) => ({ name, set: architecture(preset, base) })),
    { name: "feed-forward in every second layer", set: { "model.feedForwardEvery": 2 } },
    { name: "half the layers", set: { "model.layers": Math.max(1, Math.round(layers / 2)) } },
    { name: "twice the layers", set: { "model.layers": 2 * layers } },
    {
      name: "half as wide",
      set: { model: inProportion({ ...model, layers: 16, hidden: 384, heads: 6, intermediate: 1536 }, base) },
    },
    { name: "attention with norms for softmax", set: { "model.mixer": "normalized-attention" } },
  ];
};
