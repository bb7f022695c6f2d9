// node --import tsx --conditions=@cramkit/source packages/ops/bench/traffic.ts [float32|float16|matrix] [batch]
// What one training step of crammed BERT dispatches on WebGPU, kernel by kernel, and the bytes that it binds: on a device that
// only counts, with the features of an H200. No GPU is needed, and no time is measured but the host's own.
import * as tf from "@tensorflow/tfjs-core";
import { registerGradients, registerKernels } from "../src/index.ts";
import { webgpuKernels } from "../src/webgpu/index.ts";
import { createCountingBackend } from "./counting-device.ts";
import { crammedBertStep, createStep } from "./encoder-step.ts";

const [tier = "matrix", batch = "64"] = process.argv.slice(2);
const backend = await createCountingBackend(tier);
tf.removeBackend("webgpu");
tf.registerBackend("webgpu", () => backend as unknown as tf.KernelBackend);
await tf.setBackend("webgpu");
registerGradients();
registerKernels(webgpuKernels);

const step = createStep({ ...crammedBertStep, batchSize: Number(batch) });
for (let i = 0; i < 5; i++) step.run();
const before = backend.dispatchCounters();
const start = performance.now();
step.run();
const milliseconds = performance.now() - start;
const after = backend.dispatchCounters();
const traffic = [...backend.countTraffic(() => step.run())].sort(([, a], [, b]) => b.bytes - a.bytes);
for (const [key, { dispatches, bytes }] of traffic)
  console.log(`${(bytes / 1e9).toFixed(3).padStart(8)} GB ${String(dispatches).padStart(5)}  ${key}`);
const total = traffic.reduce((sum, [, { bytes }]) => sum + bytes, 0) / 1e9;
const dispatches = traffic.reduce((sum, [, entry]) => sum + entry.dispatches, 0);
console.log(
  `${total.toFixed(1)} GB in ${dispatches} dispatches; ${after.bindGroups - before.bindGroups} new bind groups, ` +
    `${after.uniformUploads - before.uniformUploads} uploads of uniforms, ${after.submits - before.submits} submits, ` +
    `${(backend.memory().numBytesAllocatedInGPU / 1e9).toFixed(1)} GB allocated, ${milliseconds.toFixed(0)} ms on the host`,
);
process.exit(0);
