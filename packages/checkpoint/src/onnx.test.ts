import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type OnnxGraph, onnxChunks } from "./index.ts";

const bytesOf = async (graph: OnnxGraph): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of onnxChunks(graph, { made: "here" })) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** y = layerNorm(relu(x W)), with every kind of attribute; z = x^T summed by an equation. */
const graph: OnnxGraph = {
  name: "test",
  opset: 17,
  inputs: [{ name: "x", dtype: "F32", shape: ["rows", 2] }],
  outputs: [
    { name: "y", dtype: "F32", shape: ["rows", 3] },
    { name: "z", dtype: "F32", shape: [2] },
  ],
  nodes: [
    { op: "MatMul", inputs: ["x", "w"], outputs: ["product"], attributes: {} },
    { op: "Relu", inputs: ["product"], outputs: ["positive"], attributes: {} },
    {
      op: "LayerNormalization",
      inputs: ["positive", "scale"],
      outputs: ["y"],
      attributes: { axis: -1, epsilon: { float: 1e-5 } },
    },
    { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [1, 0] } },
    { op: "Einsum", inputs: ["t"], outputs: ["z"], attributes: { equation: { text: "ij->i" } } },
  ],
  initializers: [
    { name: "w", dtype: "F32", shape: [2, 3], data: async () => Float32Array.from([1, 2, 3, -1, 0, 1]) },
    { name: "scale", dtype: "F32", shape: [3], data: Float32Array.from([1, 1, 2]) },
  ],
};

describe("writeOnnx", () => {
  it("writes what ONNX Runtime runs, for any number of rows", async () => {
    const session = await InferenceSession.create(await bytesOf(graph));
    for (const rows of [1, 4]) {
      const x = Float32Array.from({ length: 2 * rows }, (_, i) => i + 1);
      const { y, z } = await session.run({ x: new Tensor("float32", x, [rows, 2]) });
      expect(y!.dims).toEqual([rows, 3]);
      for (let row = 0; row < rows; row++) {
        const [a, b] = [x[2 * row]!, x[2 * row + 1]!];
        const positive = [a - b, 2 * a, 3 * a + b].map((value) => Math.max(0, value));
        const mean = positive.reduce((sum, value) => sum + value, 0) / 3;
        const variance = positive.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3;
        const expected = positive.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * (i === 2 ? 2 : 1));
        expected.forEach((value, i) => {
          expect(Number(y!.data[3 * row + i])).toBeCloseTo(value, 4);
        });
      }
      const sums = [0, 1].map((column) => x.filter((_, i) => i % 2 === column).reduce((sum, value) => sum + value, 0));
      expect([...(z!.data as Float32Array)]).toEqual(sums);
    }
  });

  it("refuses data that is not of its shape", async () => {
    const broken = {
      ...graph,
      initializers: [{ name: "w", dtype: "F32" as const, shape: [2, 3], data: new Float32Array(5) }],
    };
    await expect(bytesOf(broken)).rejects.toThrow(/24 bytes for w \[2, 3\], got 20/);
  });
});
