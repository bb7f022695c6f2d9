export { type ByteSource, bytesSource, fileSource } from "./byte-source.ts";
export { compareTensors, requireTensors, type TensorDifferences } from "./check-tensors.ts";
export { type Fixture, readFixture } from "./fixture.ts";
export { fromHuggingFaceBert, type HuggingFaceNames, toHuggingFaceBert } from "./hugging-face-bert.ts";
export { type HuggingFaceFolder, type SpecialTokens, writeHuggingFaceFolder } from "./hugging-face-folder.ts";
export {
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxPort,
  type OnnxTensor,
  onnxChunks,
  writeOnnx,
} from "./onnx.ts";
export { type Checkpoint, openSafetensors } from "./read-safetensors.ts";
export { openCheckpoint, type ShardedOptions, writeCheckpoint } from "./sharded-safetensors.ts";
export type { Dtype, TensorData, TensorEntry, TensorInfo, TensorToWrite } from "./tensor-entry.ts";
export { type SafetensorsOptions, safetensorsChunks, writeSafetensors } from "./write-safetensors.ts";
