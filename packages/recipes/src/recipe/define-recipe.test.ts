import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { defineRecipe } from "./define-recipe.ts";

it("returns a recipe as it is, and lets the compiler check it", () => {
  const short = {
    extends: "crammed-bert",
    training: { budget: "2 hours", optimizer: { name: "lion", b1: 0.95 } },
  } as const;
  expect(defineRecipe(short)).toBe(short);
  defineRecipe(recipes.smoke());
  defineRecipe({ extends: "./base.json", model: "bert-c5", corpus: { sources: [{ kind: "files", path: "books" }] } });
  // @ts-expect-error a mistyped setting
  defineRecipe({ extends: "smoke", training: { budgit: "2 hours" } });
  // @ts-expect-error a mistyped part
  defineRecipe({ extends: "smoke", trainin: {} });
  // @ts-expect-error a value of another type
  defineRecipe({ extends: "smoke", rows: { seqLength: "128" } });
  // @ts-expect-error a choice that there is not
  defineRecipe({ extends: "smoke", rows: { order: "random" } });
  // @ts-expect-error a source without a path
  defineRecipe({ extends: "smoke", corpus: { sources: [{ kind: "files" }] } });
});
