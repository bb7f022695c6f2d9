import { classify, classifyTokens, type ModelConfig, type Params } from "@cramkit/model";
import { tidy } from "@tensorflow/tfjs-core";
import type { InputBatch } from "../encode/batches.ts";
import type { Task } from "../examples/task.ts";
import type { NamedTensors } from "../tensors/named-tensors.ts";
import { inputTensors } from "./inputs.ts";

/** The head's outputs for a batch: `[rows, outputs]`, of tags `[rows, seq, outputs]`. Borrows the weights. */
export const forwardWith =
  ({ params, config, task }: { params: NamedTensors; config: ModelConfig; task: Task }) =>
  async (batch: InputBatch): Promise<ArrayLike<number>> => {
    const forward = task.kind === "tags" ? classifyTokens : classify;
    const logits = tidy(() => forward(params as Params, config, inputTensors(config, batch)));
    const values = await logits.data();
    logits.dispose();
    return values;
  };
