import { registerGradients } from "@cramkit/ops";
import "@tensorflow/tfjs-backend-cpu";
import { tidy } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { encode, init, inputsOf, type ModelConfig, preset } from "../index.ts";

beforeAll(() => registerGradients());

const sizes = { vocabSize: 40, hidden: 12, heads: 3, layers: 1, intermediate: 16, maxLength: 16 };
const local = (reach: number, fields: Partial<ModelConfig> = {}) =>
  preset("crammed-bert", {
    ...{
      ...sizes,
      mixer: "local-attention",
      localAttention: { reach, rotaryBase: 100 },
      rotary: true,
      position: "none",
    },
    ...{ init: { type: "normal", std: 0.4 } as const, ...fields },
  });

const rowsOf = async (config: ModelConfig, ids: number[], mask?: number[]): Promise<Float32Array[]> => {
  const params = init(local(1), 1);
  const output = tidy(() =>
    encode(
      params,
      config,
      inputsOf({
        batchSize: 1,
        seqLength: ids.length,
        inputIds: Int32Array.from(ids),
        ...(mask && { attentionMask: Int32Array.from(mask) }),
      }),
    ),
  );
  const data = (await output.data()) as Float32Array;
  return ids.map((_, i) => data.slice(i * sizes.hidden, (i + 1) * sizes.hidden));
};
const ids = [5, 9, 20, 4, 33, 7, 12, 30, 8];

describe("local attention", () => {
  it.each([1, 2, 5])("sees so many to each side and no more: %d", async (reach) => {
    const before = await rowsOf(local(reach), ids);
    const changed = ids.with(4, 6);
    const after = await rowsOf(local(reach), changed);
    const differs = before.map((row, i) => row.some((value, j) => Math.abs(value - after[i]![j]!) > 1e-6));
    expect(differs).toEqual(ids.map((_, i) => Math.abs(i - 4) <= reach));
  });

  it("is attention to all where everything is near", async () => {
    const all = await rowsOf(local(1, { mixer: "self-attention", rotaryBase: 100 }), ids, [1, 1, 1, 1, 1, 1, 1, 0, 0]);
    // The kernel if the reach covers the row; the window if the row is one longer than what it covers.
    for (const reach of [8, 7]) {
      const near = await rowsOf(local(reach), ids, [1, 1, 1, 1, 1, 1, 1, 0, 0]);
      for (let i = 0; i < 7; i++)
        for (const [j, value] of near[i]!.entries()) expect(value).toBeCloseTo(all[i]![j]!, 5);
    }
  });

  it("needs to be told its reach", () => {
    expect(() => local(1, { localAttention: null })).toThrow(/localAttention: expected { reach, rotaryBase }/);
    expect(() => local(0)).toThrow(/localAttention\.reach: expected a positive integer, got 0/);
    expect(() => local(1, { rotaryBase: -1 })).toThrow(/rotaryBase: expected a positive number, got -1/);
  });
});
