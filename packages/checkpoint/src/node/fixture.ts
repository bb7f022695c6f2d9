import { fault, problemOf } from "@cramkit/errors";
import { openSafetensors } from "../read-safetensors.ts";
import type { TensorEntry } from "../tensor-entry.ts";
import { fileSource } from "./file-source.ts";

/** A reference case: a model, a batch, and what a correct implementation computes from them. */
export interface Fixture {
  case: string;
  /** The fields as the file has them; `modelConfigFromFixture` of @cramkit/model reads them. */
  config: Record<string, unknown>;
  optimizer: { lr: number; betas: [number, number]; eps: number; weight_decay: number; clip: number };
  /** A parameter whose name contains one of these has no weight decay. */
  decayExcluded: string[];
  batch: { inputIds: TensorEntry; labels: TensorEntry; attentionMask?: TensorEntry };
  /** Under the names of the file. */
  params: TensorEntry[];
  expect: {
    loss: number;
    gradNorm: number;
    /** Before each of the optimizer's steps. */
    losses: number[];
    /**
     * `[batch, seq, hidden]`; a classification case has none.
     * @defaultValue absent if the fixture has none
     */
    hidden?: TensorEntry;
    logits: TensorEntry;
    grads: TensorEntry[];
    after3: TensorEntry[];
  };
}

/**
 * Read a fixture: a safetensors file whose metadata says what it is.
 *
 * @throws RangeError if the file lacks what a fixture has
 */
export const readFixture = async (path: string): Promise<Fixture> => {
  const checkpoint = await openSafetensors(await fileSource(path));
  try {
    const { metadata } = checkpoint;
    const json = (field: string) => {
      const text = metadata[field];
      if (text === undefined) throw noFixture(`expected ${field} in the metadata, got none`);
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw noFixture(`expected JSON in the metadata ${field}, got ${problemOf(cause)}`, cause);
      }
    };
    const noFixture = (problem: string, cause?: unknown) =>
      fault({
        code: "damaged-file",
        place: path,
        problem,
        remedy: "name the file of a fixture",
        type: RangeError,
        cause,
      });
    const tensors = new Map<string, TensorEntry>();
    for await (const tensor of checkpoint) tensors.set(tensor.name, tensor);
    const under = (prefix: string) =>
      [...tensors.values()]
        .filter((tensor) => tensor.name.startsWith(prefix))
        .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
    const one = (name: string): TensorEntry => {
      const tensor = tensors.get(name);
      if (!tensor) throw noFixture(`expected a tensor ${name}, got none`);
      return tensor;
    };
    const attentionMask = tensors.get("batch.attention_mask");
    const hidden = tensors.get("expect.hidden");
    return {
      case: metadata.case ?? path,
      config: json("config"),
      optimizer: json("optimizer"),
      decayExcluded: json("decay_excluded"),
      batch: {
        inputIds: one("batch.input_ids"),
        labels: one("batch.labels"),
        ...(attentionMask && { attentionMask }),
      },
      params: under("param."),
      expect: {
        loss: Number(one("expect.loss").data[0]),
        gradNorm: Number(one("expect.grad_norm").data[0]),
        losses: Array.from(one("expect.losses").data as ArrayLike<number>),
        ...(hidden && { hidden }),
        logits: one("expect.logits"),
        grads: under("expect.grad."),
        after3: under("expect.after3."),
      },
    };
  } finally {
    await checkpoint.close();
  }
};
