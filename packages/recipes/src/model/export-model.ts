import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type TensorEntry, toHuggingFaceBert } from "@cramkit/checkpoint";
import { writeHuggingFaceFolder, writeOnnx } from "@cramkit/checkpoint/node";
import { huggingFaceBertConfig, onnxGraph, transformersJsConfig } from "@cramkit/model";
import { entriesOf } from "../named-tensors.ts";
import { specialToken } from "../recipe/masking.ts";
import type { SavedModel } from "./saved-model.ts";

export type ExportFormat = "hf" | "onnx";

/**
 * Writes a model for others: `hf` as a BERT that `transformers` loads without code of its own (only a model of BERT's
 * shape is one), `onnx` as a graph for onnxruntime and transformers.js, which takes any model. Borrows the weights.
 */
export const exportModel = async (model: SavedModel, format: ExportFormat, folder: string): Promise<void> => {
  const { params, config, tokenizer } = model;
  const described = {
    json: tokenizer.toJSON(),
    specialTokens: {
      padding: specialToken(tokenizer, "<pad>"),
      unknown: specialToken(tokenizer, "<unk>"),
      first: specialToken(tokenizer, "<cls>"),
      separator: specialToken(tokenizer, "<sep>"),
      mask: specialToken(tokenizer, "<mask>"),
    },
    maxLength: config.maxSeq,
  };
  if (format === "onnx") {
    await mkdir(join(folder, "onnx"), { recursive: true });
    await writeOnnx(join(folder, "onnx", "model.onnx"), onnxGraph(params, config));
    await writeHuggingFaceFolder(folder, { config: transformersJsConfig(config), tokenizer: described });
    return;
  }
  const fields = huggingFaceBertConfig(config); // first of all, as it refuses what is no BERT
  await mkdir(folder, { recursive: true });
  const tensors = toHuggingFaceBert(await loaded(params), config);
  await writeHuggingFaceFolder(folder, { config: fields, tensors, tokenizer: described });
};

const loaded = async (params: SavedModel["params"]): Promise<TensorEntry[]> => {
  const entries: TensorEntry[] = [];
  for (const { data, ...info } of entriesOf(params)) {
    entries.push({ ...info, data: typeof data === "function" ? await data() : data });
  }
  return entries;
};
