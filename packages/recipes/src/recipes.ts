import { bertBase } from "./catalogue/bert-base.ts";
import { bertOriginal } from "./catalogue/bert-original.ts";
import { crammedBert } from "./catalogue/crammed-bert.ts";
import { crammedBert16x } from "./catalogue/crammed-bert-16x.ts";
import { crammedBertV1 } from "./catalogue/crammed-bert-v1.ts";
import { izsak } from "./catalogue/izsak.ts";
import { quickstart } from "./catalogue/quickstart.ts";
import { smoke } from "./catalogue/smoke.ts";
import type { Recipe } from "./recipe.ts";

export type RecipeName =
  | "quickstart"
  | "smoke"
  | "crammed-bert"
  | "crammed-bert-v1"
  | "crammed-bert-16x"
  | "bert-base"
  | "bert-original"
  | "izsak";

/** Every recipe by its name. */
export const recipes: Readonly<Record<RecipeName, () => Recipe>> = {
  quickstart,
  smoke,
  "crammed-bert": crammedBert,
  "crammed-bert-v1": crammedBertV1,
  "crammed-bert-16x": crammedBert16x,
  "bert-base": bertBase,
  "bert-original": bertOriginal,
  izsak,
};
