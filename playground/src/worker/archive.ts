import { onnxChunks, safetensorsChunks } from "@cramkit/checkpoint";
import { type ModelConfig, onnxGraph, type Params, transformersJsConfig } from "@cramkit/model";
import type { Tokenizer } from "@cramkit/tokenizer";
import { zipSync } from "fflate";
import { entriesOf } from "./snapshot.ts";

const join = async (chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of chunks) parts.push(chunk as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
};

const json = (content: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`);

/**
 * A model as a zip of the folder that a run of the command line leaves, so that `cramkit fill-mask --run` takes it; with
 * the graph and the configuration that transformers.js looks for. Borrows the weights.
 */
export const archiveOf = async (
  name: string,
  { params, config, tokenizer }: { params: Params; config: ModelConfig; tokenizer: Tokenizer },
): Promise<Uint8Array<ArrayBuffer>> => {
  const graph = onnxGraph(params, config);
  const special = {
    ...{ pad_token: "[PAD]", unk_token: "[UNK]", cls_token: "[CLS]", sep_token: "[SEP]", mask_token: "[MASK]" },
  };
  const files: Record<string, Uint8Array> = {
    "model/model.safetensors": await join(safetensorsChunks(entriesOf(params), { metadata: { format: "pt" } })),
    "model/model_config.json": json(config),
    "model/tokenizer.json": json(tokenizer.toJSON()),
    "model/config.json": json({ ...transformersJsConfig(config), "transformers.js_config": { dtype: "fp32" } }),
    "model/special_tokens_map.json": json(special),
    "model/tokenizer_config.json": json({
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: config.maxLength,
      model_input_names: ["input_ids", "attention_mask"],
      clean_up_tokenization_spaces: false,
      ...special,
    }),
    "model/onnx/model.onnx": await join(onnxChunks(graph)),
  };
  const inFolder = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${name}/${path}`, bytes]));
  // Weights hardly shrink.
  return zipSync(inFolder, { level: 0 }) as Uint8Array<ArrayBuffer>;
};
