import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Encode, runTasks, subset, type TaskData, templateEncode } from "@cramkit/glue";
import { readGlue, resultsFolder } from "@cramkit/glue/node";
import { runFiles } from "@cramkit/recipes";
import { tokenizerFromJson } from "@cramkit/tokenizer";
import { cramFiles, type GluePlan, jsonIn } from "../files.ts";
import { type PartContext, Skipped } from "../part-context.ts";
import type { CramOptions } from "../plan.ts";
import { startFinetuningPeer } from "../pytorch-peer.ts";
import { cramProtocol, glueSeed } from "./finetune.ts";

/** PyTorch finetunes the same weights: the same examples in the same batches at the same rates, a new head of its own. */
export const pytorchPart = async (recipe: string, options: CramOptions, context: PartContext): Promise<void> => {
  const { folder, glue: data, backend, precision, python } = options;
  const files = cramFiles(folder);
  const plan = await jsonIn<GluePlan>(files.gluePlan(recipe));
  if (plan === undefined) throw new Skipped("the trained weights were not finetuned: nothing to set beside");
  const { model } = runFiles(files.run(recipe));
  const tokenizer = tokenizerFromJson(await readFile(join(model, "tokenizer.json"), "utf8"));
  const idOf = (token: string) => tokenizer.tokenToId(token)!;
  const peer = await startFinetuningPeer({ python, model, device: backend === "cpu" ? "cpu" : "cuda", precision });
  if ("skipped" in peer) throw new Skipped(peer.skipped);
  context.say(peer.description);
  async function* read(): AsyncGenerator<TaskData> {
    for (const { tasks, examples } of plan!.groups)
      for (const name of tasks)
        yield subset(await readGlue(data, name), { ...(examples !== null && { train: examples }), seed: glueSeed });
  }
  try {
    await runTasks({
      trainee: {
        id: `${recipe} ${peer.description}`,
        padId: idOf("<pad>"),
        maxLength: peer.maxLength,
        encode: templateEncode({
          encodeIds: (text) => tokenizer.encodeIds(text, { addSpecialTokens: false }),
          firstId: idOf("<cls>"),
          separatorId: idOf("<sep>"),
        }) satisfies Encode,
        startTrial: peer.startTrial,
      },
      tasks: read(),
      protocol: cramProtocol(options),
      seed: glueSeed,
      results: resultsFolder(join(files.glue(recipe), "pytorch")),
      signal: context.signal,
      onProgress({ task, phase, ...progress }) {
        if ("done" in progress)
          context.onProgress({
            stage: `${task}, PyTorch: ${phase}`,
            unit: "",
            ...{ done: progress.done, total: progress.total },
          });
      },
    });
  } catch (error) {
    if (!context.signal?.aborted) throw error;
  } finally {
    peer.close();
  }
};
