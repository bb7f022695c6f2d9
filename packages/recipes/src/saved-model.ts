import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { requireTensors, writeSafetensors } from "@cramkit/checkpoint";
import { checkConfig, type ModelConfig, parameterShapes } from "@cramkit/model";
import { type Tokenizer, tokenizerFromJson } from "@cramkit/tokenizer";
import { writeFileAtomic } from "@cramkit/trainer/node";
import { readEntries } from "./checkpoint-format.ts";
import { entriesOf, type NamedTensors, tensorsOf } from "./named-tensors.ts";
import { readJson } from "./run-record.ts";

/** A model that can be used: its weights, its configuration and its tokenizer. */
export interface SavedModel {
  readonly params: NamedTensors;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
}

/** Writes `model.safetensors`, `model_config.json` and `tokenizer.json` into a folder. Borrows the weights. */
export const saveModel = async (folder: string, { params, config, tokenizer }: SavedModel): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, "model.safetensors"), entriesOf(params), { metadata: { format: "pt" } });
  await writeFileAtomic(join(folder, "model_config.json"), `${JSON.stringify(config, null, 2)}\n`);
  await writeFileAtomic(join(folder, "tokenizer.json"), JSON.stringify(tokenizer.toJSON()));
};

/** Reads what `saveModel` wrote. The caller disposes of the weights. */
export const loadModel = async (folder: string): Promise<SavedModel> => {
  const config = (await readJson(join(folder, "model_config.json"))) as ModelConfig | undefined;
  if (!config)
    throw new Error(
      `${folder}: expected a model folder with a model_config.json, found none; a finished run has one under model/`,
    );
  checkConfig(config);
  const entries = await readEntries(join(folder, "model.safetensors"));
  requireTensors(parameterShapes(config), entries);
  const tokenizer = tokenizerFromJson(await readFile(join(folder, "tokenizer.json"), "utf8"));
  return { params: tensorsOf(entries), config, tokenizer };
};
