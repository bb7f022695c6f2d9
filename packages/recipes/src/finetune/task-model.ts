import { dirname, join } from "node:path";
import { fault } from "@cramkit/errors";
import type { Task, TaskModel } from "@cramkit/finetune";
import { disposeTensors } from "@cramkit/finetune";
import { loadModel, saveModel } from "../model/saved-model.ts";
import { readJson } from "../run-record.ts";
import { finetuneFiles } from "./folder.ts";

const problemTypes = {
  classes: "single_label_classification",
  labels: "multi_label_classification",
  score: "regression",
} as const;

/**
 * Writes a finetuned model: what `saveModel` writes, and a `config.json` with the names of its labels if transformers has
 * them (`id2label`, `label2id`, `problem_type`) and the task under `cramkit`. Borrows the weights.
 */
export const saveTaskModel = async (folder: string, { task, maxLength, ...model }: TaskModel): Promise<void> => {
  const names = task.kind === "score" ? ["LABEL_0"] : task.labels;
  const config = {
    ...(task.kind in problemTypes && { problem_type: problemTypes[task.kind as keyof typeof problemTypes] }),
    ...(task.kind !== "embedding" && {
      id2label: Object.fromEntries(names.map((label, i) => [i, label])),
      label2id: Object.fromEntries(names.map((label, i) => [label, i])),
    }),
    cramkit: { task, maxLength },
  };
  await saveModel(folder, model, { beside: { "config.json": config } });
};

/**
 * Reads a finetuned model: the folder that `cramkit finetune` wrote, or the model folder in it. The caller disposes of the
 * weights.
 *
 * @throws a fault `not-found` over a model that was not finetuned
 */
export const loadTaskModel = async (folder: string): Promise<TaskModel> => {
  const isWhole = (await readJson(finetuneFiles(folder).request)) !== undefined;
  const path = isWhole ? finetuneFiles(folder).model : folder;
  const config = (await readJson(join(path, "config.json"))) as
    | { cramkit?: { task?: Task; maxLength?: number } }
    | undefined;
  const { task, maxLength } = config?.cramkit ?? {};
  if (!task || !maxLength)
    throw fault({
      code: "not-found",
      place: path,
      problem: "expected a finetuned model, whose config.json says its task, found none",
      remedy: isWhole
        ? "the finetuning was stopped: give the command that began it again, it goes on"
        : "name the folder that `cramkit finetune` wrote",
    });
  const model = await loadModel(path);
  const { head } = model.config;
  if ((head.type === "none") !== (task.kind === "embedding") || head.type === "masked-language-model") {
    disposeTensors(model.params);
    throw fault({
      code: "damaged-file",
      place: join(path, "config.json"),
      problem: `expected a model with a head for its task, ${task.kind}, got ${head.type}`,
      remedy: `restore ${dirname(path)} from a copy, or finetune again`,
    });
  }
  return { ...model, task, maxLength };
};
