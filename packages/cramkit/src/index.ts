export { defineRecipe, type Recipe, type RecipeFile } from "@cramkit/recipes";
export { createProgram } from "./program.ts";
export { renderReport } from "./report/report.ts";
