// node train.mjs [--steps 200]: the same small encoder with the ordinary feed-forward part and with ours, on the same rows.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { startBackend } from "@cramkit/backend";
import {
  countFlops,
  init,
  maskedLanguageModelLoss,
  onnxGraph,
  parameterCount,
  preset,
  valueAndNamedGrads,
} from "@cramkit/model";
import { optimizerKernels, registerGradients } from "@cramkit/ops";
import { cpuKernels } from "@cramkit/ops/cpu";
import { adamw, clip } from "@cramkit/optim";
import { crammedMasking, maskedBatches, packRows, rowsInMemory } from "@cramkit/packer";
import { budgetFraction, byBudget, scale, triangle2 } from "@cramkit/scheduler";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { initialState, train } from "@cramkit/trainer";
import { gatedByTheRow } from "./gated-by-the-row.mjs";

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

/** The mean loss of the last tenth of a training. */
const lossWith = async (name, feedForward) => {
  const size = { vocabSize: 128, hidden: 64, heads: 2, layers: 2, intermediate: 128, maxLength: 32 };
  const config = preset("crammed-bert", { ...size, activation: "gelu", feedForward });
  const optimizer = clip(adamw({ learningRate: byBudget(scale(triangle2(), 3e-3)), kernels: optimizerKernels() }), {
    maxNorm: 0.5,
  });
  const run = train({
    state: initialState(init(config, 1), optimizer),
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
    optimizer,
    budget: budgetFraction({ steps }),
    size: ({ batchSize, seqLength }) => ({ examples: batchSize, tokens: batchSize * seqLength }),
  });
  const losses = [];
  let params;
  for await (const { loss, state } of run) {
    losses.push(await loss);
    params = state.params;
  }
  const last = losses.slice(-Math.ceil(losses.length / 10));
  const loss = last.reduce((sum, one) => sum + one, 0) / last.length;
  const graph = await onnxGraph(params, config);
  console.log(
    `${name.padEnd(18)} loss ${losses[0].toFixed(2)} to ${loss.toFixed(3)}, ${parameterCount(config)} parameters, ` +
      `${Math.round(countFlops(config, 32).perToken)} operations a token, ${graph.nodes.length} nodes in ONNX`,
  );
  assert(loss < losses[0], `expected ${name} to learn`);
};

await lossWith("dense", "dense");
await lossWith("gated by the row", gatedByTheRow);
backend.dispose();
