export { openCheckpoint, type ShardedOptions, writeCheckpoint } from "./checkpoint-folder.ts";
export { type FileSource, fileSource } from "./file-source.ts";
export { type Fixture, readFixture } from "./fixture.ts";
export { type HuggingFaceFolder, type SpecialTokens, writeHuggingFaceFolder } from "./hugging-face-folder.ts";
export { pythonModel, pythonModelFile } from "./python-model.ts";
export { writeOnnx } from "./write-onnx.ts";
export { writeSafetensors } from "./write-safetensors.ts";
