// node train.mjs [--steps 200]: a small encoder with AdamW and with an optimizer of ours, on the same
// rows.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { startBackend } from "@cramkit/backend";
import { init, maskedLanguageModelLoss, preset, valueAndNamedGrads } from "@cramkit/model";
import { optimizerKernels, registerGradients } from "@cramkit/ops";
import { cpuKernels } from "@cramkit/ops/cpu";
import { adamw, addDecayedWeights, chain, clip, scaleByLearningRate, stateTensors, toOptimizer } from "@cramkit/optim";
import { crammedMasking, maskedBatches, packRows, rowsInMemory } from "@cramkit/packer";
import { budgetFraction, byBudget, scale, triangle2 } from "@cramkit/scheduler";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { initialState, train } from "@cramkit/trainer";
import { memory } from "@tensorflow/tfjs-core";
import { scaleByAdemamix } from "./scale-by-ademamix.mjs";

const { values } = parseArgs({ options: { steps: { type: "string", default: "200" } } });
const steps = Number(values.steps);
const documents = Array.from(
  { length: 2000 },
  (_, i) => `Line ${i} says that the cat sat on mat ${i % 7}, as cats do.`,
);
const tokenizer = await trainTokenizer(documents, crammingTokenizerOptions({ vocabSize: 128 }));
const shape = { seqLength: 32, vocabSize: 128 };
const tokens = [];
for await (const block of packRows(
  documents.map((text) => tokenizer.encodeIds(text)),
  shape,
))
  tokens.push(...block.tokens);

const backend = await startBackend("cpu", { kernels: { cpu: cpuKernels } });
registerGradients();

const size = { vocabSize: 128, hidden: 64, heads: 2, layers: 2, intermediate: 128, maxLength: 32 };
const config = preset("crammed-bert", size);
/** A rate that rises and falls along the budget. */
const rate = (highest) => byBudget(scale(triangle2(), highest));

/** Trains with an optimizer and prints the mean loss of the last tenth. */
const lossWith = async (name, optimizer) => {
  const clipped = clip(optimizer, { maxNorm: 0.5 });
  const run = train({
    state: initialState(init(config, 1), clipped),
    batches: maskedBatches(rowsInMemory(Uint16Array.from(tokens), shape), {
      batchSize: 16,
      maskId: tokenizer.tokenToId("<mask>"),
      masking: crammedMasking,
      epochs: Number.POSITIVE_INFINITY,
    }),
    grad(params, batch) {
      const { value, grads } = valueAndNamedGrads(params, (live) => maskedLanguageModelLoss(live, config, batch));
      return { loss: value, grads };
    },
    optimizer: clipped,
    budget: budgetFraction({ steps }),
    size: ({ batchSize, seqLength }) => ({ examples: batchSize, tokens: batchSize * seqLength }),
  });
  const losses = [];
  const tensors = [];
  let saved = 0;
  for await (const { loss, state } of run) {
    losses.push(await loss);
    tensors.push(memory().numTensors);
    saved = Object.keys(stateTensors(state.optimizer)).length;
  }
  const last = losses.slice(-Math.ceil(losses.length / 10));
  const loss = last.reduce((sum, one) => sum + one, 0) / last.length;
  console.log(
    `${name.padEnd(10)} loss ${losses[0].toFixed(2)} to ${loss.toFixed(3)}, ${saved} tensors in a checkpoint of its state`,
  );
  assert(loss < losses[0], `expected ${name} to learn`);
  assert.equal(tensors.at(-1), tensors[5], "expected the number of tensors to stay");
};

await lossWith("AdamW", adamw({ learningRate: rate(3e-3), kernels: optimizerKernels() }));
await lossWith(
  "AdEMAMix",
  toOptimizer(chain(scaleByAdemamix(), addDecayedWeights({ weightDecay: 0.01 }), scaleByLearningRate(rate(2e-3)))),
);
backend.dispose();
