import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { crammedBert } from "./crammed-bert.ts";

/** Peak of both optimizers: Muon's steps are brought to the size of AdamW's, so one rate does for the two. */
const learningRate = 1e-3;

/**
 * Crammed BERT with what earned its place among the changes found since 2022, on the ladder of docs/study/ladder.md: Muon for the
 * hidden matrices (arXiv 2502.16982; its polynomials 2505.16932), rotary positions in place of sines (2104.09864), a rate that holds and
 * then falls with the root (2405.18392), and rows in random order in place of the study's. Branches that begin at zero and masks that
 * fall had been in it, and had not. Provisional: the ladder's models are small, and nothing of this size has been trained.
 */
export const crammed2026 = (): Recipe => {
  const base = crammedBert();
  return {
    ...base,
    name: "crammed-2026",
    description:
      "crammed BERT with Muon, rotary positions, wsd-sqrt and rows in random order; not yet compared at this size",
    rows: { ...base.rows, order: "shuffled" },
    model: { ...base.model, position: "none", rotary: true },
    training: {
      ...base.training,
      optimizer: studySettings("muon", {
        learningRate,
        matchRms: true,
        method: "polar-express",
        adamw: { ...studySettings("muon").adamw, learningRate },
      }),
      schedule: { name: "wsd-sqrt", warmup: 0.02, cooldown: 0.4 },
    },
  };
};
