import type { SizeName } from "../protocol.ts";
import { configOf } from "./model-sizes.ts";
import type { Rows } from "./prepare-text.ts";
import { freshState, optimizerOf, trainFrom } from "./training.ts";

const enoughMs = 600;

/** The median time of a training step of a size on the current device, after one to warm up, in milliseconds. */
export const measureStep = async (size: SizeName, rows: Rows): Promise<number> => {
  const config = configOf(size, rows.tokenizer.idLimit);
  const settings = { size, minutes: 60, device: "cpu" as const };
  const optimizer = optimizerOf(settings);
  const times: number[] = [];
  const startedAt = performance.now();
  let before = startedAt;
  for await (const { loss } of trainFrom(freshState(config, optimizer), { settings, config, rows, optimizer })) {
    await loss;
    const now = performance.now();
    times.push(now - before);
    before = now;
    if (times.length >= 3 && now - startedAt > enoughMs) break;
  }
  const sorted = times.slice(1).sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
};
