import { describe, expect, it } from "vitest";
import { fromModernBert, type TensorEntry, toModernBert } from "./index.ts";

let next = 0;
const entry = (name: string, ...shape: number[]): TensorEntry => {
  const count = shape.reduce((size, axis) => size * axis, 1);
  return { name, dtype: "F32", shape, data: Float32Array.from({ length: count }, () => next++) };
};
const encoder = (prefix: string): TensorEntry[] => [
  entry(`${prefix}embeddings.tok_embeddings.weight`, 7, 4),
  entry(`${prefix}embeddings.norm.weight`, 4),
  entry(`${prefix}layers.0.attn.Wqkv.weight`, 12, 4),
  entry(`${prefix}layers.0.attn.Wo.weight`, 4, 4),
  entry(`${prefix}layers.0.mlp_norm.weight`, 4),
  entry(`${prefix}layers.0.mlp.Wi.weight`, 6, 4),
  entry(`${prefix}layers.0.mlp.Wo.weight`, 4, 3),
  entry(`${prefix}layers.11.attn_norm.weight`, 4),
  entry(`${prefix}final_norm.weight`, 4),
];
const head = () => [entry("head.dense.weight", 4, 4), entry("head.norm.weight", 4), entry("decoder.bias", 7)];

describe("names of ModernBERT", () => {
  it.each([
    ["with a masked language model", () => [...encoder("model."), ...head()]],
    ["with labels", () => [...encoder("model."), ...head().slice(0, 2), entry("classifier.weight", 3, 4)]],
    ["of the encoder alone", () => encoder("")],
  ])("come back as they were: %s", (_, make) => {
    const theirs = make();
    const ours = fromModernBert(theirs, { heads: 2 });
    expect(ours.map(({ name }) => name)).toContain("encoder.layers.11.norm1.weight");
    expect(toModernBert(ours, { heads: 2 })).toEqual(theirs);
  });

  it("group queries, keys and values by head, and put the gated half last", () => {
    const rowsOf = (tensor: TensorEntry) =>
      fromModernBert([tensor], { heads: 2 }).map(({ data }) => [...(data as Float32Array)])[0];
    const rows = (count: number) => Float32Array.from({ length: count }, (_, i) => i);
    // [3, heads, headDim] with heads of 2
    const bias = { ...entry("model.layers.0.attn.Wqkv.bias", 12), data: rows(12) };
    expect(rowsOf(bias)).toEqual([0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]);
    expect(rowsOf({ ...entry("model.layers.0.mlp.Wi.bias", 6), data: rows(6) })).toEqual([3, 4, 5, 0, 1, 2]);
  });

  it("keep a decoder of its own, and leave out the copy of one that is tied", () => {
    const all = encoder("model.");
    const table = all[0]!;
    const copy = { ...table, name: "decoder.weight" };
    expect(fromModernBert([...all, copy], { heads: 2 })).toHaveLength(all.length);
    const own = entry("decoder.weight", 7, 4);
    expect(() => fromModernBert([...all, own], { heads: 2 })).toThrow(/decoder\.weight to be tied .* got other values/);
    const untied = fromModernBert([...all, own], { heads: 2, tieWeights: false });
    expect(untied.find(({ name }) => name === "decoder.weight")?.data).toEqual(own.data);
  });

  it("that are not known are all listed", () => {
    const wrong = [...encoder("model."), entry("score.weight", 2, 4), entry("model.layers.0.rotary.inv_freq", 2)];
    expect(() => fromModernBert(wrong, { heads: 2 })).toThrow(/score\.weight, model\.layers\.0\.rotary\.inv_freq/);
    expect(() => toModernBert([entry("encoder.layers.0.norm3.weight", 4)], { heads: 2 })).toThrow(/norm3/);
    expect(() => fromModernBert(encoder("model."), { heads: 5 })).toThrow(/rows for 3 times 5 groups, got \[12, 4\]/);
  });
});
