import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Protocol, protocols, type TaskData, type TrainingBatch } from "@cramkit/glue";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startFinetuningPeer } from "./pytorch-peer.ts";

/** Stands for a Python with PyTorch: its logits are how many steps it took, its loss the rate of the step. */
const python = `#!${process.execPath}
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
say({ kind: "ready", description: "a stand-in", maxLength: 16 });
let steps = 0;
for await (const text of (await import("node:readline")).createInterface({ input: process.stdin })) {
  const line = JSON.parse(text);
  if (line.do === "start") say({ kind: "started" });
  else if (line.do === "fit") { steps++; say({ kind: "loss", value: line.learningRate * line.labels.length }); }
  else if (line.do === "predict" && line.size === 3) say({ kind: "failure", message: "RuntimeError: out of memory" });
  else if (line.do === "predict") say({ kind: "values", values: Array(line.size).fill(steps) });
}
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-peer-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

const start = async (name: string, text: string) => {
  const path = join(folder, name);
  await writeFile(path, text);
  await chmod(path, 0o755);
  return startFinetuningPeer({ python: path, model: folder, device: "cpu", precision: "float32" });
};

const batchOf = (size: number) => ({
  ...{ size, seqLength: 8, typeIds: new Int32Array(8 * size) },
  ...{ inputIds: new Int32Array(8 * size).fill(5), attentionMask: new Int32Array(8 * size).fill(1) },
});

it("takes every step in order, answers with predictions, and passes on what fails in PyTorch", async () => {
  const peer = await start("python.mjs", python);
  if ("skipped" in peer) throw new Error(peer.skipped);
  const protocol: Protocol = protocols.GLUE_sane;
  const task = {} as TaskData["task"];
  const trial = await peer.startTrial({ task, outputs: 1, regression: true, seed: 1, protocol });
  const losses: number[] = [];
  async function* batches(): AsyncGenerator<TrainingBatch> {
    for (let step = 0; step < 20; step++)
      yield { ...batchOf(2), labels: new Float32Array(2), step, steps: 20, epoch: 0, learningRate: step };
  }
  await trial.fit(batches(), (loss) => losses.push(loss));
  expect(losses).toEqual(Array.from({ length: 20 }, (_, step) => 2 * step));
  expect(await trial.predict(batchOf(2))).toEqual([20, 20]);
  await expect(trial.predict(batchOf(3))).rejects.toThrow("PyTorch: RuntimeError: out of memory");
  peer.close();
}, 60_000);

it("says why there is no PyTorch, and fails on a Python that ends without a word", async () => {
  const missing = { model: folder, device: "cpu", precision: "float32" } as const;
  expect(await startFinetuningPeer({ ...missing, python: "no-such-python" })).toEqual({
    skipped: "no no-such-python on the PATH",
  });
  const lacking = '#!/bin/sh\necho \'{"kind":"skipped","reason":"PyTorch is not installed"}\'\n';
  expect(await start("lacking", lacking)).toEqual({ skipped: "PyTorch is not installed" });
  await expect(start("broken", "#!/bin/sh\necho 'illegal instruction' >&2\nexit 3\n")).rejects.toThrow(
    "PyTorch ended: illegal instruction",
  );
}, 60_000);
