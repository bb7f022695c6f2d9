import { createMasker } from "@cramkit/packer";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { expect, it } from "vitest";
import { crammedBert } from "../catalogue/crammed-bert.ts";
import { sentences } from "../testing/tiny.testing.ts";
import { heldOutMasking, maskedShareAt, maskingOf, maskingOverBudget, specialId } from "./masking.ts";
import type { Recipe } from "./recipe.ts";
import { studyTokenizer, trainingOptions } from "./tokenizer-options.ts";

const texts = sentences(200);
const recipeWith = (
  masking: Partial<Recipe["masking"]>,
  model: Recipe["tokenizer"]["model"] = "WordPiece",
): Recipe => ({
  ...crammedBert(),
  tokenizer: studyTokenizer(model, 60),
  masking: { policy: "bernoulli", probability: 0.3, wholeWords: true, finalProbability: null, ...masking },
});
const tokenizerOf = (recipe: Recipe) =>
  trainTokenizer(texts, { ...trainingOptions(recipe.tokenizer), size: "trained" });

it.each(["WordPiece", "BPE"] as const)("masks all tokens of a word of %s or none", async (model) => {
  const recipe = recipeWith({ policy: "bernoulli" }, model);
  const tokenizer = await tokenizerOf(recipe);
  const ids = tokenizer.encodeIds(texts.join(" "));
  const begins = [...ids].map((id) => {
    const token = tokenizer.idToToken(id)!;
    return model === "BPE" ? /^[\u0120<]/.test(token) : !token.startsWith("##");
  });
  expect(begins.filter((begin) => !begin).length).toBeGreaterThan(ids.length / 4);
  const seqLength = 64;
  const options = { seqLength, vocabSize: tokenizer.vocabSize, maskId: specialId(tokenizer, "<mask>"), seed: 1 };
  const masker = createMasker(maskingOf(recipe, tokenizer), options);
  let masked = 0;
  for (let row = 0; (row + 1) * seqLength <= ids.length; row++) {
    const start = row * seqLength;
    const positions = new Int32Array(seqLength);
    const count = masker.mask(Int32Array.from(ids), start, row, positions, new Int32Array(seqLength), 0);
    const selected = new Set(positions.subarray(0, count));
    masked += count;
    for (let i = start + 1; i < start + seqLength; i++)
      if (!begins[i]) expect(selected.has(i)).toBe(selected.has(i - 1));
  }
  expect(masked / ids.length).toBeGreaterThan(0.2);
  expect(masked / ids.length).toBeLessThan(0.4);
});

it("never masks special tokens where each token is drawn on its own", async () => {
  const recipe = recipeWith({ wholeWords: false, finalProbability: null });
  const masking = maskingOf(recipe, await trainTokenizer(texts, crammingTokenizerOptions({ vocabSize: 60 })));
  expect(masking).toMatchObject({ kind: "bernoulli", rate: 0.3, excludedIds: [0, 1, 2, 3, 4, 5, 6] });
});

it("masks a share that goes in a line over the budget, the same object until it changes", async () => {
  const recipe = recipeWith({ policy: "exact", wholeWords: false, probability: 0.25, finalProbability: 0.125 });
  expect([0, 0.5, 1].map((fraction) => maskedShareAt(recipe, fraction))).toEqual([0.25, 0.1875, 0.125]);
  const tokenizer = await tokenizerOf(recipe);
  let fraction = 0;
  const masking = maskingOverBudget(recipe, tokenizer, () => fraction);
  const counts = new Set<number>();
  const objects = new Set<object>();
  for (fraction = 0; fraction <= 1; fraction += 1 / 256) {
    counts.add(masking().rate * 128);
    objects.add(masking());
  }
  expect([...counts]).toEqual(Array.from({ length: 17 }, (_, i) => 32 - i));
  expect(objects.size).toBe(17);
  const evaluation = { ...recipe.evaluation, maskProbability: 0.15 };
  expect(heldOutMasking(recipe, tokenizer).rate).toBe(0.25);
  expect(heldOutMasking({ ...recipe, evaluation }, tokenizer).rate).toBe(0.15);
});
