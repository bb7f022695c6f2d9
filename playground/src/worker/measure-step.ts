import type { SizeName } from "../protocol.ts";
import { configOf } from "./model-sizes.ts";
import type { Rows } from "./prepare-text.ts";
import { disposeTraining, freshState, optimizerOf, trainFrom } from "./training.ts";

const enoughMs = 600;

/** The median time of a training step of a size on the current device, after one to warm up, in milliseconds. */
export const measureStep = async (size: SizeName, rows: Rows): Promise<number> => {
  const config = configOf(size, rows.tokenizer.idLimit);
  const settings = { size, minutes: 60, device: "cpu" as const };
  const optimizer = optimizerOf(settings);
  const times: number[] = [];
  const startedAt = performance.now();
  let before = startedAt;
  let last = freshState(config, optimizer);
  for await (const { state, loss } of trainFrom(last, { settings, config, rows, optimizer })) {
    last = state;
    await loss;
    const now = performance.now();
    times.push(now - before);
    before = now;
    if (times.length >= 3 && now - startedAt > enoughMs) break;
  }
  disposeTraining(last);
  const sorted = times.slice(1).sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
};
