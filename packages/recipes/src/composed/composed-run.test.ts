import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adamw, clip, disposeState } from "@cramkit/optim";
import { initialState, train } from "@cramkit/trainer";
import { openCheckpoints } from "@cramkit/trainer/node";
import { memory, mul, sum, tensor1d, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import { openComposedLog, readReportedRun } from "./composed-run.ts";
import { trainStateFormat } from "./train-state-format.ts";

let compute: Compute;
let folder: string;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  folder = await mkdtemp(join(tmpdir(), "composed-"));
});
afterAll(async () => {
  compute.dispose();
  await rm(folder, { recursive: true });
});

async function* counting(cursor: unknown) {
  for (let i = ((cursor as number | null) ?? 0) + 1; ; i++) yield { batch: i, cursor: i };
}

const optimizer = clip(adamw({ learningRate: 0.1 }), { maxNorm: 0.5 });

/** Minimizes the square of w, by gradients that depend on the number of the batch. */
const session = async (steps: number, every: number) => {
  const checkpoints = await openCheckpoints({ folder: join(folder, "checkpoints"), format: trainStateFormat });
  const kept = await checkpoints.latest();
  const state =
    kept?.state ??
    initialState<NamedTensors, ReturnType<typeof optimizer.init>, NamedTensors>(
      { w: tensor1d([3, -2, 0.5]) },
      optimizer,
    );
  const log = await openComposedLog(folder, { name: "mine", description: "by hand", width: 3, from: state.progress });
  const run = train({
    state,
    batches: counting(state.cursor),
    grad: (params: NamedTensors, batch: number) => ({
      loss: tidy(() => sum(mul(params.w!, params.w!))),
      grads: { w: mul(params.w!, 2 / batch) },
    }),
    optimizer,
    budget: ({ step }) => step / steps,
    size: () => ({ examples: 1, tokens: 10 }),
  });
  let weights: number[] = [];
  let last = state;
  for await (const step of run) {
    last = step.state;
    await log.add(step, { learningRate: 0.1 });
    if (step.progress.microbatch % every === 0) await checkpoints.write(step.state, step.progress);
  }
  weights = [...(await last.params.w!.data())];
  await log.close();
  disposeTensors(last.params);
  disposeState(last.optimizer);
  return { weights, from: kept?.microbatch };
};

it("goes on from its checkpoint, to the same last bit, without keeping a tensor", async () => {
  const whole = await session(8, 100);
  const before = memory().numTensors;
  await session(5, 5);
  const resumed = await session(8, 100);
  expect(resumed).toEqual({ weights: whole.weights, from: 5 });
  expect(memory().numTensors).toBe(before);
});

it("leaves what a report shows: its description, its settings and every row once", async () => {
  const run = await readReportedRun(folder);
  expect(run.recipe).toEqual({ name: "mine", description: "by hand", width: 3 });
  expect(run.metrics.map((row) => row.microbatch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(run.metrics[0]).toMatchObject({ learningRate: 0.1, loss: 13.25, tokens: 10 });
  expect(run.metrics[0]).not.toHaveProperty("flopsPerSecond");
});

it("reads no folder that is no run", async () => {
  await expect(readReportedRun(join(folder, "nothing"))).rejects.toMatchObject({ code: "not-found" });
});
