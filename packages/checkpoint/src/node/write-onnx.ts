import { writeFileAtomic } from "@cramkit/files";
import { type OnnxGraph, onnxChunks } from "../onnx.ts";

/** Write an ONNX file beside its final name, synced, then renamed. */
export const writeOnnx = async (
  path: string,
  graph: OnnxGraph,
  metadata: Record<string, string> = {},
): Promise<void> => {
  await writeFileAtomic(path, onnxChunks(graph, metadata));
};
