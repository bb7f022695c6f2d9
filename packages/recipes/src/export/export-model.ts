import { mkdir } from "node:fs/promises";
import { type TensorEntry, toHuggingFaceBert } from "@cramkit/checkpoint";
import { type HuggingFaceFolder, writeHuggingFaceFolder } from "@cramkit/checkpoint/node";
import { huggingFaceBertConfig, labelsFromHuggingFace, type OnnxPrecision, transformersJsConfig } from "@cramkit/model";
import type { SavedModel } from "../model/saved-model.ts";
import { entriesOf } from "../named-tensors.ts";
import { specialToken } from "../recipe/masking.ts";
import { configForTask, type ExportTask, taskOf } from "./export-task.ts";
import { meetingFields } from "./meeting.ts";
import { writeModelCard } from "./model-card.ts";
import { usualPrecision, writeGraphs } from "./onnx-files.ts";

export const exportFormats = ["hf", "onnx"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  /**
   * What the model is for.
   * @defaultValue what its head is for
   */
  readonly task?: ExportTask;
  /**
   * How the graphs of ONNX store and multiply matrices, one file each.
   * @defaultValue `["fp32"]`
   */
  readonly precisions?: readonly OnnxPrecision[];
  /**
   * The command that exports, for the model card.
   * @defaultValue the card names none
   */
  readonly command?: string;
  /**
   * Numbers and data for the model card, as rows of a table.
   * @defaultValue none but the sizes of model and files
   */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

/**
 * Writes a model for others: `hf` as a BERT that `transformers` loads without code of its own (only a model of BERT's
 * shape is one), `onnx` as graphs for onnxruntime and transformers.js, which take any model. Several exports of one model
 * may go into one folder, and meet there as on the hub. Borrows the weights.
 *
 * @throws a fault `exists` if the folder holds another model, or the same for another task
 */
export const exportModel = async (
  model: SavedModel,
  format: ExportFormat,
  folder: string,
  options: ExportOptions = {},
): Promise<void> => {
  const { params, tokenizer } = model;
  const task = options.task ?? taskOf(model.config);
  const config = configForTask(model.config, task);
  const labels = labelsFromHuggingFace(model.published?.config ?? {});
  // First of all, as this refuses what is no BERT.
  const own = format === "hf" ? huggingFaceBertConfig(config, labels) : transformersJsConfig(config, labels);
  const fields = await meetingFields(folder, model, own);
  await mkdir(folder, { recursive: true });
  const described: HuggingFaceFolder["tokenizer"] = {
    json: tokenizer.toJSON(),
    specialTokens: {
      padding: specialToken(tokenizer, "<pad>"),
      unknown: specialToken(tokenizer, "<unk>"),
      first: specialToken(tokenizer, "<cls>"),
      separator: specialToken(tokenizer, "<sep>"),
      mask: specialToken(tokenizer, "<mask>"),
    },
    maxLength: config.maxSeq,
    // A BERT of `transformers` has token types, whether ours has them or not.
    inputNames: [
      "input_ids",
      ...(format === "hf" || config.typeVocabSize > 0 ? ["token_type_ids"] : []),
      "attention_mask",
    ],
  };
  if (format === "onnx") {
    const graphs = await writeGraphs(folder, params, config, options.precisions ?? ["fp32"]);
    const dtype = usualPrecision(graphs);
    await writeHuggingFaceFolder(folder, {
      config: { ...fields, "transformers.js_config": dtype === undefined ? {} : { dtype } },
      tokenizer: described,
    });
  } else {
    const tensors = toHuggingFaceBert(await loaded(params), config);
    await writeHuggingFaceFolder(folder, { config: fields, tensors, tokenizer: described });
  }
  const { command, facts } = options;
  const python = (fields.architectures && fields.num_hidden_layers) !== undefined ? "plain" : "none";
  await writeModelCard(folder, { task, config, python, command, facts });
};

const loaded = async (params: SavedModel["params"]): Promise<TensorEntry[]> => {
  const entries: TensorEntry[] = [];
  for (const { data, ...info } of entriesOf(params)) {
    entries.push({ ...info, data: typeof data === "function" ? await data() : data });
  }
  return entries;
};
