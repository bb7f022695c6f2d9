import { applySettings, findRecipe, type Recipe, type RunContext, runRecipe } from "@cramkit/recipes";
import { cramFiles, jsonIn, type RowsDescription, rowsFile } from "../files.ts";
import { type CramOptions, trainingMinutes } from "../plan.ts";

/**
 * What a cram changes of a recipe. At the study's 8192 rows a batch, six minutes of an H200 hold some 120 steps; of 512 rows
 * they hold some 1600. Probes and frequent held-out losses are for longer runs.
 */
const cramSettings = [
  "training.batchSize=512",
  "evaluation.probes.trials=0",
  "evaluation.every=0.1",
  "checkpoints.minutes=600",
  "checkpoints.keep=1",
];

const toySettings = [
  ...["model.layers=2", "model.hidden=64", "model.heads=2", "model.intermediate=128"],
  ...["training.batchSize=16", "training.microbatchSize=8", "training.budget=8 steps"],
  ...["evaluation.rows=16", "evaluation.every=0.5"],
];

/** The recipe of a cram on rows that were prepared with settings: its schedule is scaled to the minutes that it has. */
export const cramRecipe = async (
  name: string,
  options: Pick<CramOptions, "minutes" | "recipes" | "quick" | "set" | "backend" | "precision">,
  rows: RowsDescription,
): Promise<Recipe> => {
  const { quick, set, backend, precision } = options;
  const own = await findRecipe(name);
  const { order } = applySettings(await findRecipe(rows.recipe), rows.settings).rows;
  // One that wants random order reads the rows so that are there. The study's order cannot be read out of random rows.
  const isReordered = own.rows.order === "shuffled" && order !== "shuffled";
  const settings = [
    ...rows.settings,
    ...(isReordered ? [`rows.order=${order}`, "training.reshuffle=true"] : []),
    ...cramSettings,
    `training.budget=${(60 * trainingMinutes(options)).toFixed(1)} seconds`,
    ...[`backend.name=${backend}`, `backend.precision=${precision}`],
    ...(quick ? toySettings : []),
    ...set,
  ];
  // Rows are found by the recipe that they were prepared for; what else differs between recipes does not concern rows.
  return { ...applySettings(own, settings), name: rows.recipe };
};

/** Trains one recipe and scores it on held-out rows: its folder is that of any run. */
export const trainPart = async (name: string, options: CramOptions, context: RunContext): Promise<void> => {
  const { prepared, folder, allowSoftware } = options;
  const rows = (await jsonIn<RowsDescription>(rowsFile(prepared))) ?? { recipe: name, settings: [] };
  const recipe = await cramRecipe(name, options, rows);
  await runRecipe(recipe, { folder: cramFiles(folder).run(name), dataFolder: prepared, allowSoftware }, context);
};
