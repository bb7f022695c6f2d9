import { expect, it } from "vitest";
import type { RunView } from "../protocol.ts";
import { firstState, reduce, type State } from "./state.ts";

const run: RunView = {
  settings: { size: "small", minutes: 1, device: "webgpu" },
  ...{ step: 7, tokens: 10, elapsedMs: 5, fraction: 0.5, learningRate: 0.1, tokensPerSecond: 2, device: "a GPU" },
  ...{ training: [], heldOut: [{ step: 7, loss: 3.21 }] },
};
const after = (state: State, ...events: Parameters<typeof reduce>[1][]) => events.reduce(reduce, state);

it("chooses a GPU if there is one, and WebAssembly over a software adapter", () => {
  const look = (state: "hardware" | "software" | "none") =>
    after(firstState, {
      type: "devices",
      devices: { webgpu: { state, detail: "" }, threads: 2, isIsolated: true, hasStorage: true },
    }).device;
  expect([look("hardware"), look("software"), look("none")]).toEqual(["webgpu", "cpu", "cpu"]);
});

it("lets a late answer of WebGPU change what there is, and no choice that was made", () => {
  const devices = (state: "silent" | "hardware") => ({
    type: "devices" as const,
    devices: { webgpu: { state, detail: "" }, threads: 2, isIsolated: true, hasStorage: true },
  });
  const early = after(firstState, devices("silent"));
  expect(early.device).toBe("cpu");
  expect(after(early, devices("hardware")).device).toBe("webgpu");
  const late = after(early, { type: "running", run: { ...run, settings: { ...run.settings, device: "cpu" } } });
  expect(after(late, devices("hardware"))).toMatchObject({ device: "cpu", devices: { webgpu: { state: "hardware" } } });
});

it("says that a device is being prepared until the first step, and withdraws what holds no longer", () => {
  const running = after(firstState, { type: "running", run });
  expect(running).toMatchObject({ isWarming: true, announcement: "Preparing the device." });
  expect(after(running, { type: "begun" })).toMatchObject({ isWarming: false, announcement: "Training." });
  const notice = { problem: "another tab" };
  const told = after(firstState, { type: "notice", notice }, { type: "notice", notice: { problem: "other" } });
  expect(after(told, { type: "withdrawn", notice }).notices).toEqual([{ problem: "other" }]);
});

it("announces the ends of stages, and not the progress between them", () => {
  const training = after(firstState, { type: "running", run });
  const { training: points, heldOut, ...rest } = run;
  const later = after(training, { type: "progress", run: { ...rest, step: 8 }, training: points, heldOut });
  expect(later.run?.step).toBe(8);
  expect(later.announcement).toBe(training.announcement);
  expect(after(later, { type: "paused", reason: "asked" }).announcement).toBe("Paused, held-out loss 3.21.");
});

it("keeps a run that failed within reach: it is paused", () => {
  const failed = after(
    firstState,
    { type: "running", run },
    { type: "failed", command: "train", failure: { problem: "x" } },
  );
  expect(failed.phase).toBe("paused");
  expect(failed.failure).toEqual({ problem: "x" });
});

it.each(["guess", "measure", "archive"] as const)("keeps a finished run finished if its %s fails", (command) => {
  const finished = after(
    firstState,
    { type: "running", run: { ...run, fraction: 1 } },
    { type: "paused", reason: "finished" },
  );
  expect(after(finished, { type: "failed", command, failure: { problem: "no adapter" } }).phase).toBe("finished");
});

it("records a guess when it changes, of one sentence, the first and the last ones", () => {
  let state = firstState;
  const guess = (step: number, token: string, sentence = "a [MASK]") => {
    const guesses = { sentence, step, masks: [[{ token, probability: 0.5 }]] };
    state = reduce(state, { type: "guesses", guesses });
  };
  guess(1, "the");
  guess(2, "the");
  expect(state.guessRecords).toHaveLength(1);
  for (let step = 3; step < 40; step++) guess(step, `t${step}`);
  expect(state.guessRecords).toHaveLength(12);
  expect(state.guessRecords.map(({ step }) => step)).toEqual([1, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
  guess(40, "cat", "another [MASK]");
  expect(state.guessRecords).toHaveLength(1);
});
