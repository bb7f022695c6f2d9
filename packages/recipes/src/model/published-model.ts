import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  fromCrammedBert,
  fromHuggingFaceBert,
  fromModernBert,
  fromRoberta,
  type TensorEntry,
} from "@cramkit/checkpoint";
import { fault, shown } from "@cramkit/errors";
import {
  checkConfig,
  type HuggingFaceConfig,
  isCrammedArch,
  type ModelConfig,
  modelConfigFromCrammed,
  modelConfigFromHuggingFace,
  parameterShapes,
  type ReadOptions,
} from "@cramkit/model";
import { readEntries } from "../named-tensors.ts";

/** What a model folder says that no `ModelConfig` does; it goes out again when the model is exported. */
export interface Published {
  /** The content of `config.json`: names of labels, for example. */
  readonly config: HuggingFaceConfig;
  /**
   * Tensors that the model has no use for, under the names of their file.
   * @defaultValue none
   */
  readonly rest?: readonly TensorEntry[];
  /**
   * The type of all its floats.
   * @defaultValue float32, or several
   */
  readonly floats?: "F16" | "BF16";
}

export interface PublishedModel {
  readonly config: ModelConfig;
  readonly tensors: TensorEntry[];
  readonly published: Published;
}

/** Buffers, and the copies of a tied decoder: `transformers` makes them anew. */
const derived = /(^|\.)(position_ids|token_type_ids)$|^(cls\.predictions|lm_head)\.decoder\.(weight|bias)$/;

/** Reads the model of a folder that somebody else wrote, by the content of its `config.json`. */
export const readPublished = async (
  folder: string,
  fields: HuggingFaceConfig,
  options: ReadOptions = {},
): Promise<PublishedModel> => {
  const path = join(folder, "config.json");
  if (fields.model_type === "crammedBERT")
    return readCrammed(folder, fields.arch as object, { ...options, fields, path });
  const config = modelConfigFromHuggingFace(fields, path, options);
  checkConfig(config);
  const entries = await readWeights(folder);
  const names = { heads: config.heads, tieWeights: config.tieWeights, paddingId: config.paddingId };
  const wanted = options.encoderOnly ? entries.filter(({ name }) => !isHead.test(name)) : entries;
  if (fields.model_type === "modernbert") {
    const below = options.encoderOnly ? entries.filter(({ name }) => /^head\.(dense|norm)\./.test(name)) : [];
    return withRest(fields, config, fromModernBert(wanted, names), entries, below);
  }
  if (fields.model_type === "roberta") {
    const { tensors, rest } = fromRoberta(wanted, names);
    const padding = rest.filter(({ name }) => !/(^|\.)pooler\./.test(name));
    return withRest(fields, config, tensors, entries, padding);
  }
  return withRest(fields, config, fromHuggingFaceBert(wanted, names), entries);
};

/** What stands on top of an encoder: none of it is ours to know if the encoder alone is wanted. */
const isHead = /^(cls|lm_head|classifier|qa_outputs|score|head|decoder)\./;

interface CrammedOptions extends ReadOptions {
  /** The file of the configuration, for errors. */
  readonly path: string;
  /**
   * What stands around it in a `config.json`.
   * @defaultValue nothing: it is a file of its own
   */
  readonly fields?: HuggingFaceConfig;
}

/** Reads a crammed-bert of the study: a published one, or the folder that one of its runs leaves. */
export const readCrammed = async (
  folder: string,
  arch: object,
  { fields = {}, path, encoderOnly = false }: CrammedOptions,
): Promise<PublishedModel> => {
  if (typeof arch !== "object" || arch === null || !isCrammedArch(arch)) {
    throw fault({
      code: "invalid-input",
      place: path,
      problem: `expected the study's configuration as arch, got ${shown(arch)}`,
      remedy: "take the config.json that belongs to these weights",
    });
  }
  const entries = await readWeights(folder);
  const { attention } = arch as { attention?: { num_attention_heads?: number } };
  const tensors = fromCrammedBert(entries, { heads: attention?.num_attention_heads ?? 1 });
  const read = modelConfigFromCrammed(arch as Record<string, unknown>, {
    names: tensors.map(({ name }) => name),
    fields,
    path,
  });
  const config: ModelConfig = encoderOnly ? { ...read, head: { type: "none" } } : read;
  checkConfig(config);
  return withRest({ ...fields, model_type: "crammedBERT", arch }, config, tensors, tensors);
};

/** What of the tensors is the model's; the rest of the file stays under its names. */
const withRest = (
  fields: HuggingFaceConfig,
  config: ModelConfig,
  tensors: TensorEntry[],
  entries: readonly TensorEntry[],
  more: readonly TensorEntry[] = [],
): PublishedModel => {
  const wanted = new Set(parameterShapes(config).map(({ name }) => name));
  const known = new Set(tensors.filter(({ name }) => wanted.has(name)).map(({ data }) => data));
  const unused = new Set(tensors.filter(({ name }) => !wanted.has(name)).map(({ data }) => data));
  const heads = /^(cls\.seq_relationship|qa_outputs|score)\./;
  const rest = entries.filter(
    ({ name, data }) => !known.has(data) && (unused.has(data) || heads.test(name)) && !derived.test(name),
  );
  return {
    config,
    tensors: tensors.filter(({ name }) => wanted.has(name)),
    published: { config: fields, rest: [...more, ...rest], ...floatsOf(entries) },
  };
};

const floatsOf = (entries: readonly TensorEntry[]): Pick<Published, "floats"> => {
  const types = new Set(entries.map(({ dtype }) => dtype).filter((dtype) => /^(F|BF)\d/.test(dtype)));
  const [floats] = types;
  return types.size === 1 && (floats === "F16" || floats === "BF16") ? { floats } : {};
};

const readWeights = async (folder: string): Promise<TensorEntry[]> => {
  try {
    return await readEntries(folder);
  } catch (error) {
    const pickled = "pytorch_model.bin";
    for (const name of [pickled, `${pickled}.index.json`]) {
      if (!(await stat(join(folder, name)).catch(() => undefined))) continue;
      throw fault({
        code: "unsupported",
        place: join(folder, name),
        problem: "expected weights in safetensors, got a pickle, which can run any code while it is read",
        remedy:
          'convert it where you trust it: `python -c "from transformers import AutoConfig as C; import transformers as t, sys; p = sys.argv[1]; getattr(t, C.from_pretrained(p).architectures[0]).from_pretrained(p).save_pretrained(p, safe_serialization=True)" FOLDER`',
        cause: error,
      });
    }
    throw error;
  }
};
