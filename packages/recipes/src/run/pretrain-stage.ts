import { createHash } from "node:crypto";
import { cpus } from "node:os";
import { parameterCount } from "@cramkit/model";
import { modelDigest, saveModel } from "../model/saved-model.ts";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import { originWeights } from "../origin/origin-weights.ts";
import { flopsPerToken } from "../recipe/flops.ts";
import { optimizerFlops } from "../recipe/optimizer-flops.ts";
import { type RunSummary, readSummary, runFiles, writeRecord } from "../run-record.ts";
import { teamOf } from "../team.ts";
import { pretrain } from "../train/pretrain.ts";
import { recordProducts } from "./products.ts";
import type { RunStage } from "./stage.ts";

/** Trains until the budget is used up: leaves `model/`, then `summary.json`. */
export const pretrainStage: RunStage = {
  async isDone({ training }, folder) {
    const { model, budget = training.budget } = (await readSummary(folder)) ?? {};
    return budget === training.budget && model !== undefined && model === (await modelDigest(runFiles(folder).model));
  },

  async run({ recipe, folder, prepared, config, compute, heldOut, restore, context }) {
    const files = runFiles(folder);
    const team = teamOf(context);
    const products = await team.lead(() => recordProducts(folder, compute, context));
    const { name: backend, kernels, restart, recorder, stoppable } = compute;
    const origin = async () => {
      const weights = await team.together(() => originWeights(recipe, config, prepared.tokenizer, context.say));
      if (team.size > 1) await team.agree({ "the weights to begin with": await digestOfTensors(weights) });
      return weights;
    };
    const firstWeights = recipe.training.from === null ? undefined : origin;
    const spec = {
      recipe,
      folder,
      prepared,
      config,
      backend,
      kernels,
      restart,
      recorder,
      stoppable,
      firstWeights,
      heldOut,
      restore,
    };
    const trained = await pretrain(spec, context);
    const { params, progress, microbatchSize, finishedMs, spent } = trained;
    try {
      if (team.size > 1) await team.agree({ "the trained weights": await digestOfTensors(params) });
      await team.lead(() => saveModel(files.model, { params, config, tokenizer: prepared.tokenizer }));
    } finally {
      disposeTensors(params);
    }
    await team.lead(async () => {
      const summary: RunSummary = {
        budget: recipe.training.budget,
        parameters: parameterCount(config),
        flopsPerToken: flopsPerToken(config, recipe),
        optimizerFlops: progress.step * optimizerFlops(config, recipe),
        microbatches: progress.microbatch,
        steps: progress.step,
        tokens: progress.tokens,
        microbatchSize,
        elapsedMs: progress.elapsedMs,
        finishedMs,
        ...spent,
        peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
        backend: compute.description,
        products,
        hardware: `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown processor"}`,
        node: process.versions.node,
        rowsPrepared: prepared.training.rowCount,
        epochs: progress.examples / prepared.training.rowCount,
        model: await modelDigest(files.model),
      };
      await writeRecord(files.summary, summary);
    });
  },
};

/** The bits of all tensors, in the order of their names. */
const digestOfTensors = async (tensors: NamedTensors): Promise<string> => {
  const hash = createHash("sha256");
  for (const name of Object.keys(tensors).sort()) {
    const { buffer, byteOffset, byteLength } = await tensors[name]!.data();
    hash.update(name).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
};
