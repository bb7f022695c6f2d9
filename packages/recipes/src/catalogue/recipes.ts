import type { Recipe } from "../recipe/recipe.ts";
import { bertBase } from "./bert-base.ts";
import { bertOriginal } from "./bert-original.ts";
import { bertOriginal24h } from "./bert-original-24h.ts";
import { crammed2026 } from "./crammed-2026.ts";
import { crammedBert } from "./crammed-bert.ts";
import { crammedBert16x } from "./crammed-bert-16x.ts";
import { crammedBertV1 } from "./crammed-bert-v1.ts";
import { izsak } from "./izsak.ts";
import { quickstart } from "./quickstart.ts";
import { smoke } from "./smoke.ts";

export type RecipeName =
  | "quickstart"
  | "smoke"
  | "crammed-bert"
  | "crammed-bert-v1"
  | "crammed-bert-16x"
  | "crammed-2026"
  | "bert-base"
  | "bert-original"
  | "bert-original-24h"
  | "izsak";

/** Every recipe by its name. */
export const recipes: Readonly<Record<RecipeName, () => Recipe>> = {
  quickstart,
  smoke,
  "crammed-bert": crammedBert,
  "crammed-bert-v1": crammedBertV1,
  "crammed-bert-16x": crammedBert16x,
  "crammed-2026": crammed2026,
  "bert-base": bertBase,
  "bert-original": bertOriginal,
  "bert-original-24h": bertOriginal24h,
  izsak,
};
