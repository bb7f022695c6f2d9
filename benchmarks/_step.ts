import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { notedStep } from "../packages/ops/bench/encoder-step.ts";
import { measureStep } from "../packages/ops/bench/measure-step.ts";
import { startCpuBackend } from "../packages/ops/src/cpu/backend.testing.ts";

const one = async (w: string) => {
  let d = () => {};
  if (w === "wasm") await tf.setBackend("wasm");
  else ({ dispose: d } = await startCpuBackend({ threads: Number(w) }));
  const n = w === "wasm" ? 1 : 7;
  const c = process.cpuUsage();
  const m = measureStep(notedStep, { steps: n, warmUp: 1 });
  const e = process.cpuUsage(c);
  console.log(
    w,
    m.tokensPerSecond.toFixed(0),
    "tok/s",
    ((2048 * (n + 1)) / ((e.user + e.system) / 1e6)).toFixed(0),
    "tok/cpu-s",
    m.losses.slice(0, 2),
  );
  d();
};
await startCpuBackend({ threads: 1 });
for (const w of process.argv.slice(2)) await one(w);
process.exit(0);
