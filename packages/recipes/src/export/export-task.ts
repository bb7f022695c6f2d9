import { fault } from "@cramkit/errors";
import type { ModelConfig } from "@cramkit/model";

/** What a model is exported for, as `transformers` and transformers.js name it. */
export const exportTasks = ["fill-mask", "feature-extraction", "text-classification", "token-classification"] as const;
export type ExportTask = (typeof exportTasks)[number];

const tasks: Record<ModelConfig["head"]["type"], ExportTask> = {
  none: "feature-extraction",
  "masked-language-model": "fill-mask",
  classification: "text-classification",
  regression: "text-classification",
  "token-classification": "token-classification",
};

/** What a model's head is for. */
export const taskOf = ({ head }: ModelConfig): ExportTask => tasks[head.type];

/**
 * The same model with what the task needs on top: any model yields its hidden state, `feature-extraction`.
 *
 * @throws a fault `invalid-argument` for the task of another head
 */
export const configForTask = (config: ModelConfig, task: ExportTask): ModelConfig => {
  if (task === "feature-extraction") return { ...config, head: { type: "none" } };
  const own = taskOf(config);
  if (task === own) return config;
  const others = own === "feature-extraction" ? "" : ` or ${own}`;
  throw fault({
    code: "invalid-argument",
    place: "export",
    problem: `expected a model with a head for ${task}, got one for ${own}`,
    remedy: `export it for feature-extraction${others}, or name a model that was trained for ${task}`,
  });
};
