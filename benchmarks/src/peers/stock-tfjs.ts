import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import { sync } from "../measure/compute.ts";
import { isMissing, type Suite, type SuiteContext } from "../measure/suite.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";
import { createTrainingStep } from "../workloads/training-step.ts";
import { provideDawn } from "./dawn.ts";

/** tfjs's own backends, as they come from npm. None of our kernels is registered, so every op is its composition. */
const backends: Record<string, () => Promise<void>> = {
  cpu: async () => {
    await import("@tensorflow/tfjs-backend-cpu");
  },
  wasm: async () => {
    await import("@tensorflow/tfjs-backend-wasm");
    registerSegmentSum();
  },
  webgpu: async () => {
    const gpu = await provideDawn();
    const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) throw new Error("no WebGPU adapter");
    const {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX,
    } = adapter.limits;
    const device = await adapter.requestDevice({
      requiredLimits: {
        maxBufferSize,
        maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX,
      },
    });
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
    tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info as never) as never);
  },
};

/** The one kernel of a training step that tfjs's wasm backend lacks; without it there is no rival at all. */
const registerSegmentSum = (): void => {
  interface Heap {
    makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
    typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array;
  }
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: "wasm",
    kernelFunc({ inputs, attrs, backend }) {
      const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
      const heap = backend as unknown as Heap;
      const numSegments = attrs!.numSegments as number;
      const out = heap.makeOutput([numSegments, ...x.shape.slice(1)], "float32");
      const [values, ids, sums] = [x, segmentIds, out].map((tensor) => heap.typedArrayFromHeap(tensor)) as [
        Float32Array,
        Int32Array,
        Float32Array,
      ];
      const width = values.length / ids.length;
      sums.fill(0);
      for (let i = 0; i < ids.length; i++)
        for (let k = 0; k < width; k++) sums[ids[i]! * width + k]! += values[i * width + k]!;
      return out;
    },
  });
};

const measureOn = async (name: string, shape: Shape, context: SuiteContext): Promise<void> => {
  await backends[name]!();
  if (!(await tf.setBackend(name))) throw new Error(`tfjs refused its backend ${name}`);
  registerGradients();
  const step = createTrainingStep(shape);
  try {
    await context.measure({
      case: "training",
      shape: `${shape.name}, ${shape.batch} x ${shape.seq}`,
      unit: "tokens/s",
      bound: "matmul",
      backend: `stock ${name}`,
      precision: "float32",
      limitMs: 1,
      contestants: [
        {
          provider: `tfjs ${name}`,
          mode: "step",
          work: step.tokens,
          flops: step.flops.gradient,
          run: () => step.step().dispose(),
          // One step lowers the loss of the very same batch.
          tolerance: 0,
          async check() {
            const [before, after] = [step.step(), step.step()];
            const [a, b] = await Promise.all([before.data(), after.data()]);
            tf.dispose([before, after]);
            await sync();
            return b[0]! < a[0]! ? 0 : 1;
          },
        },
      ],
    });
  } finally {
    step.dispose();
  }
};

/** Tokens of a shape that tfjs's plain JavaScript backend can be asked for. */
const patience = 200;

export const stockTfjsSuite: Suite = {
  name: "stock-tfjs",
  describes: "the same model and step on tfjs's own backends, from tfjs-core's operations alone",
  hasShapes: true,
  async run(context) {
    const { options } = context;
    const names = options.backend === "webgpu" ? ["webgpu"] : ["wasm", "cpu"];
    for (const shape of shapesOf(options)) {
      for (const name of names) {
        if (name === "cpu" && shape.batch * shape.seq > patience) {
          context.skip(
            shape.name,
            "tfjs cpu",
            `more than ${patience} tokens: plain JavaScript takes minutes a step; see the tiny shape`,
          );
          continue;
        }
        try {
          await measureOn(name, shape, context);
        } catch (error) {
          if (isMissing(error)) context.skip(shape.name, `tfjs ${name}`, "not installed");
          else context.fail(shape.name, `tfjs ${name}`, error);
        }
      }
    }
  },
};
