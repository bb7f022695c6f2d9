import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Event } from "../protocol.ts";
import { emptyCurve } from "./curve.ts";
import { startDevice } from "./device.ts";
import { heldOutBatches } from "./masked-rows.ts";
import { configOf } from "./model-sizes.ts";
import { prepareText } from "./prepare-text.ts";
import { runLoop } from "./run-loop.ts";
import { freshState, optimizerOf } from "./training.ts";

const compilingMs = 90_000;
let backend: Awaited<ReturnType<typeof startDevice>>;
beforeAll(async () => {
  backend = await startDevice("cpu");
}, 60_000);
afterAll(() => backend.dispose());

/** A run of a minute on a device that takes 90 to compile what the first guess needs, by a clock that each look moves on. */
const liveRun = async () => {
  const words = ["cat", "dog", "queen", "mat", "boat", "day", "sun"];
  const text = Array.from({ length: 900 }, (_, i) => `the ${words[(i * i) % 7]} saw a ${words[i % 5]}.`).join("\n");
  const rows = await prepareText(text, () => {});
  const settings = { size: "tiny", minutes: 1, device: "cpu" } as const;
  const config = configOf("tiny", rows.tokenizer.idLimit);
  const optimizer = optimizerOf(settings);
  const history = { training: emptyCurve(), heldOut: [] };
  const batches = await heldOutBatches(rows);
  const state = freshState(config, optimizer);
  return { settings, config, rows, optimizer, state, history, heldOutBatches: batches, device: "a slow compiler" };
};

it("counts the minutes of a run from its first step on, also when it goes on after a pause", async () => {
  const run = await liveRun();
  const controls = { isPausing: false, sentence: "the [MASK]" };
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += 30;
    return now;
  });
  const events: Event["type"][] = [];
  let [isCompiled, isFirst] = [false, true];
  const post = (event: Event) => {
    events.push(event.type);
    if (event.type === "guesses" && !isCompiled) {
      isCompiled = true;
      now += compilingMs;
    }
    if (event.type === "progress" && event.run.fraction > 0.3) controls.isPausing = isFirst;
  };
  const save = async () => {};
  try {
    expect(await runLoop(run, controls, { post, save })).toBe("paused");
    const { step, elapsedMs } = run.state.progress;
    expect(step).toBeGreaterThan(2);
    expect(elapsedMs).toBeLessThan(60_000);
    expect(events.indexOf("begun")).toBeGreaterThan(events.indexOf("guesses"));

    [isCompiled, isFirst, controls.isPausing] = [false, false, false];
    expect(await runLoop(run, controls, { post, save })).toBe("finished");
    expect(run.state.progress.step).toBeGreaterThan(step + 2);
    expect(run.state.progress.elapsedMs).toBeLessThan(70_000);
    expect(events.filter((type) => type === "begun")).toHaveLength(2);
  } finally {
    vi.restoreAllMocks();
  }
}, 60_000);
