import { maskedExample } from "@cramkit/recipes";
import { shellWord } from "../terminal/shell-word.ts";

/** What can be done with a trained model, as commands to copy; the sentence is of the text that it has not seen. */
export const nextSteps = async (folder: string): Promise<string> => {
  const run = shellWord(folder);
  const sentence = (await maskedExample(folder)) ?? "a sentence of yours with one [MASK] in it";
  return [
    "next:",
    `  cramkit fill-mask "${sentence}" --run ${run}`,
    `  cramkit finetune ${run} --train FILE.csv --out ${shellWord(`${folder}-finetuned`)}   (on labels of yours)`,
    `  cramkit export ${run} --to onnx --out ${shellWord(`${folder}/onnx`)}`,
  ].join("\n");
};
