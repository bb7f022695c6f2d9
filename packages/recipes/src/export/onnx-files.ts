import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { writeOnnx } from "@cramkit/checkpoint/node";
import { makeFolder } from "@cramkit/files";
import { type ModelConfig, type OnnxPrecision, onnxGraph, onnxPrecisions } from "@cramkit/model";
import type { SavedModel } from "../model/saved-model.ts";

/** Names in the folder `onnx`, where transformers.js looks for them. */
export const graphFiles: Readonly<Record<OnnxPrecision, string>> = {
  fp32: "model.onnx",
  fp16: "model_fp16.onnx",
  q8: "model_quantized.onnx",
  q4: "model_q4.onnx",
};

export type ExportPrecision = OnnxPrecision;
export const exportPrecisions: readonly ExportPrecision[] = onnxPrecisions;

/** Writes a graph in each precision, and returns the precisions of all that the folder now holds. */
export const writeGraphs = async (
  folder: string,
  params: SavedModel["params"],
  config: ModelConfig,
  precisions: readonly OnnxPrecision[],
): Promise<OnnxPrecision[]> => {
  await makeFolder(join(folder, "onnx"));
  for (const precision of precisions)
    await writeOnnx(join(folder, "onnx", graphFiles[precision]), onnxGraph(params, config, { precision }));
  return graphsIn(folder);
};

/** The precisions of the graphs that a folder holds. */
export const graphsIn = async (folder: string): Promise<OnnxPrecision[]> => {
  const names = new Set(await readdir(join(folder, "onnx")).catch(() => []));
  return onnxPrecisions.filter((precision) => names.has(graphFiles[precision]));
};

/**
 * The precision that a plain call of transformers.js is to take. It asks for `fp32` in Node and for `q8` in a browser unless
 * it is told: undefined if both are there.
 */
export const usualPrecision = (graphs: readonly OnnxPrecision[]): OnnxPrecision | undefined => {
  if (graphs.includes("fp32") && graphs.includes("q8")) return undefined;
  return (["fp32", "q8", "fp16", "q4"] as const).find((precision) => graphs.includes(precision));
};
