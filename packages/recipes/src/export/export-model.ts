import { join } from "node:path";
import { type TensorEntry, toHuggingFaceBert, toModernBert, toRoberta } from "@cramkit/checkpoint";
import { type HuggingFaceFolder, pythonModel, pythonModelFile, writeHuggingFaceFolder } from "@cramkit/checkpoint/node";
import { checkOptions, fault } from "@cramkit/errors";
import { makeFolder, writeFileAtomic } from "@cramkit/files";
import {
  type CrammedArch,
  crammedBertConfig,
  type HuggingFaceConfig,
  type HuggingFaceOptions,
  huggingFaceBertConfig,
  isBert,
  isModernBert,
  labelsFromHuggingFace,
  type ModelConfig,
  modelConfigFromCrammed,
  modelConfigFromHuggingFace,
  modernBertConfig,
  type OnnxPrecision,
  parameterShapes,
  robertaConfig,
  transformersJsConfig,
} from "@cramkit/model";
import type { SavedModel } from "../model/saved-model.ts";
import { entriesOf } from "../named-tensors.ts";
import { specialId, specialToken } from "../recipe/masking.ts";
import { configForTask, type ExportTask, taskOf } from "./export-task.ts";
import { finetunedTokenizer } from "./finetuned-template.ts";
import { meetingFields } from "./meeting.ts";
import { writeModelCard } from "./model-card.ts";
import { usualPrecision, writeGraphs } from "./onnx-files.ts";
import { embeddingOf, writeSentenceTransformers } from "./sentence-transformers.ts";

export const exportFormats = ["hf", "onnx"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  /**
   * What the model is for.
   * @defaultValue what its head is for
   */
  readonly task?: ExportTask;
  /**
   * How the graphs of ONNX store and multiply matrices, one file each; `hf` has none.
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
 * Writes a model for others: `hf` for `transformers` in Python, as a BERT, RoBERTa or ModernBERT if it is one, else as a crammed-bert
 * with a Python file beside it (`trust_remote_code=True`), `onnx` as graphs for onnxruntime and transformers.js, which take any model. Several exports of one model
 * may go into one folder, and meet there as on the hub. Borrows the weights.
 *
 * @throws a fault `invalid-argument` over precisions for `hf`, `exists` if the folder holds another model, or the same for another task
 */
export const exportModel = async (
  model: SavedModel,
  format: ExportFormat,
  folder: string,
  options: ExportOptions = {},
): Promise<void> => {
  checkOptions("exportModel", options, { task: true, precisions: true, command: true, facts: true });
  if (format === "hf" && options.precisions !== undefined)
    throw fault({
      code: "invalid-argument",
      place: "export",
      problem: `expected precisions of the graphs of onnx, got ${options.precisions.join(", ")} for hf, whose weights stay as they are`,
      remedy: "export to onnx, or leave them out",
      details: { option: "dtype" },
      type: RangeError,
    });
  const { params, tokenizer } = model;
  const task = options.task ?? taskOf(model.config);
  const config = configForTask(model.config, task);
  const labels = labelsFromHuggingFace(model.published?.config ?? {});
  const kind = format === "hf" ? shapeOf(model) : "graph";
  const embedding = embeddingOf(model, task);
  // First of all, as this refuses what the format has no place for.
  const own = {
    ...(kind === "modernbert" && tokenIds(model)),
    ...kept(model, task),
    ...configs[kind](config, labels),
    ...(format === "hf" && unchanged(model, task)),
  };
  const fields = await meetingFields(folder, model, own);
  await makeFolder(folder);
  const described: HuggingFaceFolder["tokenizer"] = {
    json: "labels" in config.head || embedding ? finetunedTokenizer(tokenizer) : tokenizer.toJSON(),
    specialTokens: {
      padding: specialToken(tokenizer, "<pad>"),
      unknown: specialToken(tokenizer, "<unk>"),
      first: specialToken(tokenizer, "<cls>"),
      separator: specialToken(tokenizer, "<sep>"),
      mask: specialToken(tokenizer, "<mask>"),
    },
    maxLength: embedding?.maxLength ?? config.maxLength,
    // A BERT of `transformers` has token types, whether ours has them or not.
    inputNames: [
      "input_ids",
      ...((format === "hf" && (kind === "bert" || kind === "roberta")) || config.typeVocabSize > 0
        ? ["token_type_ids"]
        : []),
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
    const tensors = renamed[kind](await loaded(params, config), config, model.published?.rest);
    const floats = model.published?.floats;
    await writeHuggingFaceFolder(folder, { config: fields, tensors, tokenizer: described, ...(floats && { floats }) });
    if (kind === "crammed-bert") await writeFileAtomic(join(folder, pythonModelFile), await pythonModel());
  }
  if (embedding) await writeSentenceTransformers(folder, embedding, config.hidden);
  const { command, facts } = options;
  const python = "auto_map" in fields ? "remote code" : "num_hidden_layers" in fields ? "plain" : "none";
  await writeModelCard(folder, { task, config, python, command, facts, embedding });
};

type Kind = "bert" | "roberta" | "modernbert" | "crammed-bert";

/** As what a model goes to `transformers`: as what it came, else as a BERT if it is one, else with code of its own. */
const shapeOf = ({ config, published }: SavedModel): Kind => {
  const type = published?.config.model_type;
  if (type === "roberta") return "roberta";
  if (type === "crammedBERT") return "crammed-bert";
  if (isModernBert(config)) return "modernbert";
  return isBert(config) ? "bert" : "crammed-bert";
};

/** The fields with which a model came, for the same task: what they say of training or of its makers is not lost. */
const kept = ({ config, published }: SavedModel, task: ExportTask): HuggingFaceConfig =>
  task === taskOf(config) && published ? published.config : {};

/** ModernBERT's class has ids of its own vocabulary where a configuration says none. */
const tokenIds = ({ tokenizer }: SavedModel): HuggingFaceConfig => {
  const [cls, sep] = [specialId(tokenizer, "<cls>"), specialId(tokenizer, "<sep>")];
  return { cls_token_id: cls, bos_token_id: cls, sep_token_id: sep, eos_token_id: sep };
};

/** Fields that are left as they came, as long as they say the same. */
const unchanged = ({ config, params, published }: SavedModel, task: ExportTask): HuggingFaceConfig => {
  const { arch, architectures, torch_dtype, dtype } = kept({ config, params, published } as SavedModel, task);
  const floats = published?.floats && ({ F16: "float16", BF16: "bfloat16" } as const)[published.floats];
  const type = { ...((torch_dtype || floats) && { torch_dtype: floats ?? torch_dtype }), ...(dtype ? { dtype } : {}) };
  if (published?.config.model_type === "modernbert") {
    // It says things twice, in the words of two versions, and of rows longer than any here.
    const { architectures: _, ...fields } = kept({ config, params, published } as SavedModel, task);
    const read = modelConfigFromHuggingFace(published.config, undefined, { encoderOnly: config.head.type === "none" });
    return JSON.stringify(read) === JSON.stringify(config) ? { ...fields, ...type } : type;
  }
  if (typeof arch !== "object" || arch === null) return type;
  const read = modelConfigFromCrammed(arch as CrammedArch, { names: Object.keys(params), fields: published!.config });
  if (JSON.stringify(read) !== JSON.stringify(config)) return type;
  const isLinear = config.predictionHead === "linear";
  return {
    ...type,
    arch: { ...arch, ...(isLinear && { linear_head: true }) },
    ...(architectures ? { architectures } : {}),
  };
};

const configs: Record<Kind | "graph", (config: ModelConfig, labels: HuggingFaceOptions) => HuggingFaceConfig> = {
  graph: transformersJsConfig,
  bert: huggingFaceBertConfig,
  roberta: robertaConfig,
  modernbert: modernBertConfig,
  "crammed-bert": crammedBertConfig,
};

type Rename = (tensors: TensorEntry[], config: ModelConfig, rest?: readonly TensorEntry[]) => TensorEntry[];
const renamed: Record<Kind | "graph", Rename> = {
  graph: (tensors) => tensors,
  bert: (tensors, { heads }, rest = []) => [...toHuggingFaceBert(tensors, { heads }), ...rest],
  roberta: toRoberta,
  modernbert: (tensors, { heads, head }, rest = []) => [
    ...toModernBert(tensors, { heads }),
    // An encoder alone has no place for the prediction head that it was read with.
    ...rest.filter(({ name }) => head.type !== "none" || !name.startsWith("head.")),
  ],
  "crammed-bert": (tensors, _, rest = []) => {
    // The copy of a tied decoder that the file had is one of today's values.
    const table = tensors.find(({ name }) => name === "encoder.embedding.word_embedding.weight");
    const copied = rest.map((one) => (one.name === "decoder.weight" && table ? { ...table, name: one.name } : one));
    return [...tensors, ...copied];
  },
};

/** The parameters that the model of this configuration has. */
const loaded = async (params: SavedModel["params"], config: ModelConfig): Promise<TensorEntry[]> => {
  const wanted = new Set(parameterShapes(config).map(({ name }) => name));
  const entries: TensorEntry[] = [];
  for (const { data, ...info } of entriesOf(params)) {
    if (!wanted.has(info.name)) continue;
    entries.push({ ...info, data: typeof data === "function" ? await data() : data });
  }
  return entries;
};
