import { classify, classifyTokens, type ModelConfig, type Params } from "@cramkit/model";
import { tidy } from "@tensorflow/tfjs-core";
import type { InputBatch } from "../encode/batches.ts";
import type { Task } from "../examples/task.ts";
import type { NamedTensors } from "../tensors/named-tensors.ts";
import { inputTensors } from "./inputs.ts";
import { encodeTexts } from "./text-vectors.ts";

/** The model's outputs for a batch: `[rows, outputs]`, of tags `[rows, seq, outputs]`, vectors `[rows, hidden]`. Borrows the weights. */
export const forwardWith =
  ({ params, config, task }: { params: NamedTensors; config: ModelConfig; task: Task }) =>
  async (batch: InputBatch): Promise<ArrayLike<number>> => {
    const outputs = tidy(() => {
      const inputs = inputTensors(config, batch);
      if (task.kind === "embedding") return encodeTexts(params as Params, config, inputs, task.pooling ?? "mean");
      return (task.kind === "tags" ? classifyTokens : classify)(params as Params, config, inputs);
    });
    const values = await outputs.data();
    outputs.dispose();
    return values;
  };
