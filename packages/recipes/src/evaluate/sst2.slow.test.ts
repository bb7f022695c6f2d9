import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedProtocol, protocols, type TrialResult } from "@cramkit/glue";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { startCompute } from "../compute.ts";
import { applySettings } from "../recipe/settings.ts";
import { runRecipe } from "../run/run.ts";
import { runFiles } from "../run-record.ts";
import { quiet } from "../testing/tiny.testing.ts";
import { type GlueSpec, runGlue } from "./glue.ts";

const shared = process.env.CRAMKIT_SHARED ?? "../shared";
const text = join(shared, "data/text/wikipedia-2015/wikipedia-00-of-20.jsonl.zst");
const data = join(shared, "data/glue");
/** Tokens of pretraining and examples of finetuning: less for a quick look, more where there is time. */
const tokens = process.env.CRAMKIT_SST2_TOKENS ?? "5e6";
const trainExamples = Number(process.env.CRAMKIT_SST2_EXAMPLES ?? 4000);

const settings = [
  `corpus.sources=[{"kind":"files","path":${JSON.stringify(text)}}]`,
  "corpus.exactDuplicates=false",
  "tokenizer.vocabSize=4096",
  "rows.seqLength=64",
  // Without a bias the tied embeddings spend themselves on the frequency of words.
  "model.decoderBias=true",
  `training.budget=${tokens} tokens`,
  "training.batchSize=16",
  "training.microbatchSize=16",
  "evaluation.heldOut=0.02",
  "evaluation.rows=64",
  "evaluation.probes.trials=0",
];

/**
 * The majority class is right in 444 of 872; networks of this size came to 70 % and more from 1000 examples on, pretrained
 * or not. That pretraining helps is not asserted: five million tokens teach word order, not sentiment (the probe of
 * acceptability shows it), and the best vectors that word2vec makes of as many words gain less than a point as well.
 */
const overMajority = 0.1;

it.skipIf(!existsSync(text))(
  "pretrains on a shard of Wikipedia and finetunes on SST-2, within 20 minutes of one core",
  async () => {
    const root = mkdtempSync(join(tmpdir(), "sst2-"));
    const folder = join(root, "run");
    const started = process.cpuUsage();
    await runRecipe(applySettings(recipes.quickstart(), settings), { folder, dataFolder: join(root, "data") }, quiet);
    const compute = await startCompute({ name: "cpu", precision: "float32", threads: 2 });
    const spec: GlueSpec = {
      model: runFiles(folder).model,
      data,
      tasks: ["sst2"],
      trainExamples,
      protocol: changedProtocol(protocols.GLUE_sane, { epochs: 3, learningRate: 1e-3, pooling: "mean", trials: 1 }),
      seed: 0,
      results: runFiles(folder).glue,
      untrained: true,
      tests: false,
      allowMoreEpochs: false,
    };
    const [trained, untrained] = await runGlue(spec, compute, quiet);
    const { user, system } = process.cpuUsage(started);
    const accuracy = ([trial]: readonly TrialResult[]) => trial!.evaluations[0]!.scores.accuracy!;
    const [first] = trained!.results;
    const majority = first!.majority[0]!.scores.accuracy!;
    console.log(
      `SST-2, ${trainExamples} examples, ${tokens} tokens before: pretrained ${accuracy(trained!.results)}, ` +
        `untrained ${accuracy(untrained!.results)}, majority ${majority}; ${((user + system) / 1e6).toFixed(0)} s of ` +
        `processor time, ${first!.fitExamplesPerSecond.toFixed(0)} examples/s in training, ` +
        `${first!.evaluateExamplesPerSecond.toFixed(0)} in evaluation`,
    );
    expect((user + system) / 1e6).toBeLessThan(2 * 600);
    expect(accuracy(trained!.results) - majority).toBeGreaterThan(overMajority);
    expect(accuracy(untrained!.results) - majority).toBeGreaterThan(overMajority);
    const again = { ...spec, results: join(root, "again"), untrained: false };
    const [repeated] = await runGlue(again, compute, quiet);
    expect(repeated!.results[0]!.evaluations).toEqual(first!.evaluations);
    expect(repeated!.results[0]!.loss).toBe(first!.loss);
    await compute.dispose();
  },
);
