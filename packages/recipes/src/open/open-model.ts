import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTensors, type TensorEntry } from "@cramkit/checkpoint";
import { checkOptions, fault } from "@cramkit/errors";
import { parameterShapes } from "@cramkit/model";
import { averagedWeights } from "@cramkit/optim";
import { tokenizerFromJson } from "@cramkit/tokenizer";
import { readCheckpoint } from "@cramkit/trainer/node";
import { loadModel, type SavedModel } from "../model/saved-model.ts";
import { disposeTensors, entriesOf } from "../named-tensors.ts";
import { preparedFolder } from "../prepare/prepared-folder.ts";
import { modelOf } from "../recipe/model-of.ts";
import { readJson, readRun, runFiles } from "../run-record.ts";
import { disposeTrainingState, snapshotFormat, stateOf } from "../snapshot/checkpoint-format.ts";
import { type FindModelOptions, findModel, type ModelPlace } from "./find-model.ts";

/** A model, and where it lay. */
export interface OpenedModel extends SavedModel {
  readonly place: ModelPlace;
}

export interface OpenModelOptions extends FindModelOptions {
  /**
   * Whether the encoder alone is wanted, whatever stands on top of it in a model of Hugging Face.
   * @defaultValue `false`
   */
  readonly encoderOnly?: boolean;
}

/**
 * Opens what a user calls a model: a run, one of its checkpoints, a finetuning, or a model folder of Cramkit or of a
 * Hugging Face BERT. The weights of a checkpoint are those that its run would keep: the last ones, or their average. Wants
 * a backend; the caller disposes of the weights.
 *
 * @throws a fault `not-found` over a folder that holds no model, `damaged-file` over files that are not whole
 */
export const openModel = async (path: string, options: OpenModelOptions = {}): Promise<OpenedModel> => {
  checkOptions("openModel", options, { checkpoint: true, encoderOnly: true });
  const { checkpoint, encoderOnly } = options;
  const place = await findModel(path, { checkpoint });
  const model = place.kind === "model" ? await loadModel(place.folder, { encoderOnly }) : await loadCheckpoint(place);
  return { ...model, place };
};

const loadCheckpoint = async ({ folder, run }: ModelPlace): Promise<SavedModel> => {
  const { tokenizer, config } = await modelOfRun(run!);
  const snapshot = await readCheckpoint(folder, snapshotFormat);
  const state = stateOf(snapshot);
  const params = averagedWeights(state.params, state.optimizer);
  disposeTrainingState(state);
  try {
    requireTensors(parameterShapes(config), await hostEntries(params), folder);
  } catch (error) {
    disposeTensors(params);
    throw error;
  }
  return { params, config, tokenizer };
};

/** The tensors of a model on the host. Borrows them. */
export const hostEntries = async (params: SavedModel["params"]): Promise<TensorEntry[]> => {
  const entries: TensorEntry[] = [];
  for (const { data, ...info } of entriesOf(params))
    entries.push({ ...info, data: typeof data === "function" ? await data() : data });
  return entries;
};

/** Configuration and tokenizer of a run that may still train. */
export const modelOfRun = async (run: string): Promise<Omit<SavedModel, "params">> => {
  const { recipe } = await readRun(run);
  const tokenizer = tokenizerFromJson(await readFile(await tokenizerFileOfRun(run), "utf8"));
  return { tokenizer, config: modelOf(recipe, tokenizer.idLimit) };
};

/** Where the tokenizer of a run lies, also if it has left no model yet. */
export const tokenizerFileOfRun = async (run: string): Promise<string> => {
  const { recipe, dataFolder } = await readRun(run);
  const folders = [runFiles(run).model, ...(dataFolder === undefined ? [] : [preparedFolder(recipe, dataFolder)])];
  for (const folder of folders) {
    const file = join(folder, "tokenizer.json");
    if ((await readJson(file)) !== undefined) return file;
  }
  throw fault({
    code: "not-found",
    place: run,
    problem: `expected the tokenizer of the run in one of ${folders.join(", ")}, found none`,
    remedy: `\`cramkit resume ${run} --data FOLDER\` finds prepared data that were moved`,
  });
};
