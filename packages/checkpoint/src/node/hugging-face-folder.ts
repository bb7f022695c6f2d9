import { join } from "node:path";
import { writeFileAtomic } from "@cramkit/files";
import { elementCount, type TensorToWrite } from "../tensor-entry.ts";
import { writeCheckpoint } from "./checkpoint-folder.ts";

/** Which tokens play which part; `transformers` needs the names, whatever the tokens are. */
export interface SpecialTokens {
  padding: string;
  unknown: string;
  /** In front of a text. */
  first: string;
  /** Behind a text. */
  separator: string;
  mask: string;
}

export interface HuggingFaceFolder {
  /** The content of `config.json`. */
  config: object;
  /**
   * Under the names that `config` leads to; for a BERT see `toHuggingFaceBert`. Omitted beside an ONNX file.
   * @defaultValue no weights are written
   */
  tensors?: readonly TensorToWrite[];
  /** @defaultValue no tokenizer is written */
  tokenizer?: {
    /** The content of `tokenizer.json`. */
    json: object;
    specialTokens: SpecialTokens;
    /** The longest sequence of the model. */
    maxLength: number;
    /**
     * The inputs of the model that the tokenizer makes.
     * @defaultValue `["input_ids", "token_type_ids", "attention_mask"]`
     */
    inputNames?: readonly string[];
  };
  /**
   * Store weights in this type instead of their own.
   * @defaultValue the type that each tensor has
   */
  floats?: "F32" | "F16" | "BF16";
}

/**
 * Write a model folder that `transformers` and transformers.js load: `config.json`, `model.safetensors` (in shards if it is
 * large), `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`. Needs Node.
 *
 * @returns the names of the files
 */
export const writeHuggingFaceFolder = async (
  folder: string,
  { config, tensors, tokenizer, floats }: HuggingFaceFolder,
): Promise<string[]> => {
  const files: string[] = [];
  const writeJson = async (name: string, content: object) => {
    await writeFileAtomic(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
    files.push(name);
  };
  if (tensors) {
    const options = { metadata: { format: "pt" }, ...(floats && { floats }) };
    files.push(...(await writeCheckpoint(folder, withZeros(tensors, config), options)));
  }
  if (tokenizer) {
    const tokens = tokenNames(tokenizer.specialTokens);
    await writeJson("tokenizer.json", tokenizer.json);
    await writeJson("special_tokens_map.json", tokens);
    await writeJson("tokenizer_config.json", {
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: tokenizer.maxLength,
      model_input_names: tokenizer.inputNames ?? ["input_ids", "token_type_ids", "attention_mask"],
      clean_up_tokenization_spaces: false,
      ...tokens,
    });
  }
  await writeFileAtomic(join(folder, "config.json"), configText(config));
  return [...files, "config.json"];
};

/** Fields that `transformers` 5 refuses as integers: JSON of JavaScript writes 0 and 1 for 0.0 and 1.0. */
const wholeFloats = /("(?:layer_norm_eps|norm_eps|initializer_range|(?:global_|local_)?rope_theta)": \d+)(?=,?$)/gm;

const configText = (config: object): string => {
  return `${JSON.stringify(config, null, 2).replace(wholeFloats, "$1.0")}\n`;
};

const tokenNames = ({ padding, unknown, first, separator, mask }: SpecialTokens): Record<string, string> => {
  return { pad_token: padding, unk_token: unknown, cls_token: first, sep_token: separator, mask_token: mask };
};

/** The layers of BERT that always have a bias. */
const dense = /\.(dense|query|key|value|decoder)\.weight$/;

/**
 * What a BERT of ours may go without and `transformers` always has, as zeros, which change nothing: biases, and the token
 * types of the configuration.
 */
const withZeros = (tensors: readonly TensorToWrite[], config: object): readonly TensorToWrite[] => {
  const { model_type: type, ...sizes } = config as Record<string, unknown>;
  const { hidden_size: hidden, type_vocab_size: types, vocab_size: words } = sizes as Record<string, number>;
  if (type !== "bert") return tensors;
  const names = new Set(tensors.map(({ name }) => name));
  const zeros: TensorToWrite[] = [];
  const add = (name: string, ...shape: number[]) => {
    if (names.has(name) || !shape.every(Number.isInteger)) return; // a configuration may leave a size to its default
    zeros.push({ name, dtype: "F32", shape, data: new Float32Array(elementCount(shape)) });
  };
  for (const { name, shape } of tensors) if (dense.test(name)) add(name.replace(/weight$/, "bias"), shape[0]!);
  if (names.has("cls.predictions.transform.dense.weight")) add("cls.predictions.bias", words!);
  add("bert.embeddings.token_type_embeddings.weight", types!, hidden!);
  return [...tensors, ...zeros];
};
