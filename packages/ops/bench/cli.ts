// node --import tsx --conditions=@cramkit/source packages/ops/bench/cli.ts [noted|quickstart] [threads]
// One training step on our CPU backend: speed and profile.
import { startCpuBackend } from "../src/cpu/backend.testing.ts";
import { notedStep, quickstartStep } from "./encoder-step.ts";
import { measureStep, profileStep } from "./measure-step.ts";

const [name = "noted", threads = "2"] = process.argv.slice(2);
const shape = name === "quickstart" ? quickstartStep : notedStep;
const { description, dispose } = await startCpuBackend({ threads: Number(threads) });
const { tokensPerSecond, gflopPerSecond, milliseconds, losses } = measureStep(shape, { steps: 7, warmUp: 3 });
console.log(
  `${description}: ${Math.round(tokensPerSecond)} tokens/s, ${gflopPerSecond.toFixed(1)} GFLOP/s, ${milliseconds.toFixed(1)} ms a step`,
);
console.log(`loss ${losses[0]!.toFixed(4)} -> ${losses[losses.length - 1]!.toFixed(4)}`);
for (const { kernel, calls, milliseconds, share } of profileStep(shape).slice(0, 25)) {
  console.log(
    `${kernel.padEnd(34)} ${String(calls).padStart(5)} ${milliseconds.toFixed(2).padStart(9)} ms ${(100 * share).toFixed(1).padStart(5)} %`,
  );
}
dispose();
