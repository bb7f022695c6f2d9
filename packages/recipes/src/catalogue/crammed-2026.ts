import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { crammedBert } from "./crammed-bert.ts";

/** Peak of both optimizers: Muon's steps are brought to the size of AdamW's, so one rate does for the two. */
const learningRate = 1e-3;

/**
 * Crammed BERT with what has been found since 2022, at the same cost of a token. Provisional: the ladder of docs/study/ladder.md,
 * in which each change has to earn its place, is not finished: in small runs the whole does better by far, rotary positions and Muon
 * have earned theirs, the others have not yet. Nothing of this size has been trained. From the literature are
 * Muon for the hidden matrices (arXiv 2502.16982; its polynomials 2505.16932), rotary positions in place of sines (2104.09864),
 * branches that begin at zero (1901.09321), masks that fall from 30 to 15 % (2305.15096) and a rate that holds and then falls with
 * the root (2405.18392). Held-out losses are of 25 % masked, as crammed-bert's are.
 */
export const crammed2026 = (): Recipe => {
  const base = crammedBert();
  return {
    ...base,
    name: "crammed-2026",
    description:
      "crammed BERT with Muon, rotary positions and falling masks; provisional, not yet compared at this size",
    masking: { ...base.masking, probability: 0.3, finalProbability: 0.15 },
    model: { ...base.model, position: "none", rotary: true, zeroOutputs: true },
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
    evaluation: { ...base.evaluation, maskProbability: base.masking.probability },
  };
};
