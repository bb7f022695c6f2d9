import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startBackend } from "@cramkit/backend";
import { encode, init, inputsOf, predictTokens, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { env, pipeline } from "@huggingface/transformers";
import { reshape, slice, softmax, tidy } from "@tensorflow/tfjs-core";
import { unzipSync } from "fflate";
import { expect, it } from "vitest";
import { archiveOf } from "./archive.ts";

it("packs a model that transformers.js runs with our guesses", async () => {
  const backend = await startBackend("cpu", { cpu: { threads: 1 } });
  const folder = mkdtempSync(join(tmpdir(), "archive-"));
  try {
    const lines = Array.from({ length: 300 }, (_, i) => `The ${["cat", "dog", "queen"][i % 3]} sat on boat ${i % 7}.`);
    // As the page's own.
    const like = { vocabSize: 100, specialTokens: "bert", text: "multilingual", lowercase: true } as const;
    const tokenizer = await trainTokenizer(lines, { ...crammingTokenizerOptions(like), size: "trained" });
    const size = { vocabSize: tokenizer.vocabSize, layers: 2, hidden: 64, heads: 2, intermediate: 128, maxLength: 32 };
    const config = preset("crammed-bert", { ...size, init: { type: "normal", std: 0.1 } });
    const params = init(config, 1);
    for (const [path, bytes] of Object.entries(unzipSync(await archiveOf("run", { params, config, tokenizer })))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const text = "The [MASK] sat on boat 3.";
    const inputIds = Int32Array.from(tokenizer.encodeIds(text));
    const at = inputIds.indexOf(tokenizer.tokenToId("[MASK]")!);
    const probabilities = await tidy(() => {
      const hidden = encode(params, config, inputsOf({ batchSize: 1, seqLength: inputIds.length, inputIds }));
      return softmax(reshape(slice(predictTokens(params, config, hidden), [0, at, 0], [1, 1, -1]), [-1]));
    }).data();
    const ours = Array.from(probabilities, (probability, id) => ({ probability, token: tokenizer.idToToken(id) }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, 3);

    env.allowRemoteModels = false;
    const fill = await pipeline("fill-mask", join(folder, "run", "model"));
    const theirs = (await fill(text, { top_k: 3 })) as { token_str: string; score: number }[];
    await fill.dispose();
    for (const [i, { probability, token }] of ours.entries()) {
      expect(theirs[i]!.score).toBeCloseTo(probability, 5);
      expect(theirs[i]!.token_str).toBe(token);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    backend.dispose();
  }
}, 60_000);
