import { shellWord } from "../terminal/shell-word.ts";

/** What can be done with a trained model, as commands to copy. */
export const nextSteps = (folder: string): string => {
  const run = shellWord(folder);
  return [
    "next:",
    `  cramkit fill-mask "Paris is the [MASK] of France." --run ${run}`,
    `  cramkit export ${run} --to onnx --out ${shellWord(`${folder}/onnx`)}`,
  ].join("\n");
};
