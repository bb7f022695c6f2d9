import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFault } from "../../packages/errors/src/index.ts";
import { checkRecipe, findRecipe, recipes } from "../../packages/recipes/src/index.ts";
import { damagedBytes, damagedJson, drawsOf, jsonOf } from "./damage.ts";
import type { FuzzTarget } from "./target.ts";

let made: readonly object[] | undefined;

/** A recipe in JSON, of every kind that there is, as `cramkit run FILE` reads and checks it. */
export const recipe: FuzzTarget = {
  name: "recipe",
  async once(seed, folder) {
    const draw = drawsOf(seed);
    made ??= Object.values(recipes).map((make) => make());
    const document = made[draw(made.length)]!;
    const path = join(folder, "recipe.json");
    writeFileSync(
      path,
      draw(4) === 0 ? damagedBytes(Buffer.from(JSON.stringify(document)), draw) : jsonOf(damagedJson(document, draw)),
    );
    checkRecipe(await findRecipe(path));
    return true;
  },
  isClear: (error) => isFault(error),
};
