import { fault } from "@cramkit/errors";
import { fromHuggingFaceBert, type HuggingFaceNames, toHuggingFaceBert } from "./hugging-face-bert.ts";
import { formatShape, type TensorEntry } from "./tensor-entry.ts";

/** Names of RoBERTa and of BERT, whose models are the same otherwise; the first that matches counts. */
const names = [
  [/^lm_head\.dense\./, "cls.predictions.transform.dense."],
  [/^lm_head\.layer_norm\./, "cls.predictions.transform.LayerNorm."],
  [/^lm_head\.decoder\./, "cls.predictions.decoder."],
  [/^lm_head\.bias$/, "cls.predictions.bias"],
  [/^classifier\.dense\./, "bert.pooler.dense."],
  [/^classifier\.out_proj\./, "classifier."],
  [/^roberta\./, "bert."],
] as const;
const reversed = [
  [/^cls\.predictions\.transform\.dense\./, "lm_head.dense."],
  [/^cls\.predictions\.transform\.LayerNorm\./, "lm_head.layer_norm."],
  [/^cls\.predictions\.decoder\./, "lm_head.decoder."],
  [/^cls\.predictions\.bias$/, "lm_head.bias"],
  [/^bert\.pooler\.dense\./, "classifier.dense."],
  [/^bert\./, "roberta."],
] as const;

const positions = "embeddings.position_embeddings.weight";

export interface RobertaNames extends HuggingFaceNames {
  /** Positions are counted from the one after it: the rows up to it are padding's. */
  paddingId: number;
}

/** Tensors of a RoBERTa of `transformers` under our names, and those that no model of ours has, under theirs. */
export const fromRoberta = (
  tensors: Iterable<TensorEntry>,
  { paddingId, ...options }: RobertaNames,
): { tensors: TensorEntry[]; rest: TensorEntry[] } => {
  const all = [...tensors];
  const rest: TensorEntry[] = [];
  const kept: TensorEntry[] = [];
  // Its classifier has the layer that is BERT's pooler; beside it, a pooler of its own is nobody's.
  const hasClassifier = all.some(({ name }) => name.startsWith("classifier.dense."));
  for (const tensor of all) {
    const { name } = tensor;
    if (/(^|\.)pooler\./.test(name) && hasClassifier) rest.push(tensor);
    else if (name.endsWith(positions)) {
      const [rows, width] = tensor.shape as [number, number];
      if (rows <= paddingId + 1)
        throw fault({
          code: "invalid-input",
          place: "fromRoberta",
          problem: `expected more than ${paddingId + 1} rows of ${name}, got ${formatShape(tensor.shape)}`,
          type: RangeError,
        });
      const cut = (paddingId + 1) * width;
      rest.push({ ...tensor, shape: [paddingId + 1, width], data: tensor.data.slice(0, cut) });
      const shape = [rows - paddingId - 1, width];
      kept.push({ ...tensor, name: renamed(name, names), shape, data: tensor.data.slice(cut) });
    } else kept.push({ ...tensor, name: renamed(name, names) });
  }
  return { tensors: fromHuggingFaceBert(kept, options), rest };
};

/** Our tensors under the names of RoBERTa; `rest` is what `fromRoberta` left over, or nothing: then padding's rows are zeros. */
export const toRoberta = (
  tensors: Iterable<TensorEntry>,
  { paddingId, ...options }: RobertaNames,
  rest: readonly TensorEntry[] = [],
): TensorEntry[] => {
  const out: TensorEntry[] = [];
  const theirs = toHuggingFaceBert(tensors, options);
  const isSequence = theirs.some(({ name }) => name.startsWith("bert.pooler.dense."));
  for (const tensor of theirs) {
    const named = isSequence ? tensor.name.replace(/^classifier\./, "classifier.out_proj.") : tensor.name;
    const name = renamed(named, reversed);
    if (!name.endsWith(positions)) out.push({ ...tensor, name });
    else {
      const [rows, width] = tensor.shape as [number, number];
      const data = new Float32Array((rows + paddingId + 1) * width);
      const padding = rest.find((one) => one.name.endsWith(positions));
      if (padding) data.set(padding.data as Float32Array);
      data.set(tensor.data as Float32Array, (paddingId + 1) * width);
      out.push({ ...tensor, name, shape: [rows + paddingId + 1, width], data });
    }
  }
  return [...out, ...rest.filter(({ name }) => !name.endsWith(positions))];
};

const renamed = (name: string, rules: readonly (readonly [RegExp, string])[]): string => {
  const rule = rules.find(([pattern]) => pattern.test(name));
  return rule ? name.replace(rule[0], rule[1]) : name;
};
