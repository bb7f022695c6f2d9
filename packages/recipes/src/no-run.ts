import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Fault, fault } from "@cramkit/errors";

/** Says what lies where a run was expected, and what can be done with that. */
export const noRun = async (folder: string): Promise<Fault> => {
  const { problem, remedy } = await foundInstead(folder);
  return fault({ code: "not-found", place: folder, problem, remedy });
};

const foundInstead = async (folder: string): Promise<{ problem: string; remedy: string }> => {
  const there = await stat(folder).catch(() => undefined);
  if (there === undefined)
    return {
      problem: "expected the folder of a run, found nothing there",
      remedy: `correct the path; \`cramkit run RECIPE --dir ${folder}\` makes one`,
    };
  if (!there.isDirectory())
    return { problem: "expected the folder of a run, got a file", remedy: "name the folder that it lies in" };
  const has = (name: string) =>
    stat(join(folder, name)).then(
      () => true,
      () => false,
    );
  if (await has("finetune.json"))
    return {
      problem: "expected the folder of a run, got that of a finetuning",
      remedy:
        "its report.html shows what came of it; `cramkit report` writes that again, and `cramkit finetune` goes on",
    };
  if ((await has("model_config.json")) || (await has("config.json")))
    return {
      problem: "expected the folder of a run, got a model without the run that trained it",
      remedy: `name that run; \`cramkit evaluate ${folder} --text FILE\` measures the model alone`,
    };
  return {
    problem: "expected a run folder with a recipe.json, found none",
    remedy: `\`cramkit run RECIPE --dir ${folder}\` makes one`,
  };
};
