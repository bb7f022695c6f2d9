export { type ByteSource, bytesSource } from "./byte-source.ts";
export { compareTensors, requireTensors, type TensorDifferences } from "./check-tensors.ts";
export { type CrammedBertNames, fromCrammedBert } from "./crammed-bert.ts";
export { decodeF16, encodeF16 } from "./half.ts";
export { fromHuggingFaceBert, type HuggingFaceNames, toHuggingFaceBert } from "./hugging-face-bert.ts";
export { fromModernBert, type ModernBertNames, toModernBert } from "./modern-bert.ts";
export {
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxPort,
  type OnnxTensor,
  onnxChunks,
} from "./onnx.ts";
export { type Checkpoint, openSafetensors } from "./read-safetensors.ts";
export { fromRoberta, type RobertaNames, toRoberta } from "./roberta.ts";
export { type SafetensorsOptions, safetensorsChunks } from "./safetensors-chunks.ts";
export type { Dtype, TensorData, TensorEntry, TensorInfo, TensorToWrite } from "./tensor-entry.ts";
