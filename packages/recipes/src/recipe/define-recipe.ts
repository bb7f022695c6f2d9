import type { PresetName } from "@cramkit/model";
import type { Recipe } from "./recipe.ts";

/** Some of the fields of a value, at any depth; lists as a whole. */
type Some<T> = T extends readonly unknown[] ? T : T extends object ? { readonly [K in keyof T]?: Some<T[K]> } : T;

/** A recipe as a file holds it: complete, or what it changes of the one that it extends. */
export type RecipeFile = Some<Omit<Recipe, "model">> & {
  /**
   * A recipe by its name, or a file, relative to this one.
   * @defaultValue none: the file holds a complete recipe
   */
  readonly extends?: string;
  /**
   * The encoder, or some of its fields, or the name of an architecture of the study.
   * @defaultValue that of the recipe it extends
   */
  readonly model?: Some<Recipe["model"]> | PresetName;
  /**
   * Where its JSON Schema is, for editors.
   * @defaultValue none
   */
  readonly $schema?: string;
};

/** The recipe as it is: a file that exports it has its fields checked and completed by the editor. */
export const defineRecipe = (recipe: RecipeFile): RecipeFile => recipe;
