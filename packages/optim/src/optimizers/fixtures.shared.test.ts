import "@tensorflow/tfjs-backend-cpu";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { adamw, clip, disposeState, readings, type TensorMap } from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { plainKernels, progressAt, read } from "../testing/numbers.testing.ts";

// Real gradients, of all sizes from 0 to 1, through the first of the fixtures' AdamW steps with clipping. The files hold
// the gradients of that step only, so its outcome is computed here, in float64; a model's test goes on to step three.

const folder = join(process.env.CRAMKIT_SHARED ?? "../shared", "fixtures");
const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const open = (file: string) => {
  const bytes = readFileSync(join(folder, file));
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...entries } = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const values = (name: string) => {
    const [from, to] = (entries[name] as Entry).data_offsets;
    return new Float32Array(Uint8Array.from(bytes.subarray(8 + length + from, 8 + length + to)).buffer);
  };
  const part = (prefix: string) =>
    Object.keys(entries)
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({
        name: name.slice(prefix.length),
        shape: (entries[name] as Entry).shape,
        values: values(name),
      }));
  return { metadata, values, part };
};

const toTensors = (list: { name: string; shape: number[]; values: Float32Array }[]): TensorMap =>
  Object.fromEntries(list.map(({ name, shape, values }) => [name, tensor(values, shape)]));

describe.each(files)("%s", (file) => {
  const { metadata, values, part } = open(file);
  const { lr, betas, eps, weight_decay: weightDecay, clip: maxNorm } = JSON.parse(metadata.optimizer);
  const noDecay: string[] = JSON.parse(metadata.decay_excluded);

  it.each([
    ["tfjs-core", undefined],
    ["in-place kernels", plainKernels],
  ] as const)("first step, %s", async (_, kernels) => {
    const [b1, b2] = betas;
    const optimizer = clip(adamw({ learningRate: lr, b1, b2, epsilon: eps, weightDecay, kernels }), {
      maxNorm,
      kernels,
    });
    const params = toTensors(part("param."));
    const grads = Object.fromEntries(part("expect.grad.").map((grad) => [grad.name, grad.values]));
    const result = optimizer.update(toTensors(part("expect.grad.")), optimizer.init(params), params, progressAt(0));
    const norm = values("expect.grad_norm")[0]!;
    expect((await readings(result.state)).gradientNorm! / norm).toBeCloseTo(1, 5);

    const factor = Math.min(1, maxNorm / (norm + 1e-6));
    const actual = await read(result.params);
    let error = 0;
    let size = 0;
    for (const { name, values: before } of part("param.")) {
      const decay = noDecay.some((pattern) => name.includes(pattern)) ? 0 : weightDecay;
      before.forEach((p, i) => {
        const g = grads[name]![i]! * factor;
        const change = -lr * (g / (Math.abs(g) + eps) + decay * p);
        error += (actual[name]![i]! - p - change) ** 2;
        size += change ** 2;
      });
    }
    expect(Math.sqrt(error / size)).toBeLessThan(1e-4);
    disposeMap(result.params);
    disposeState(result.state);
  });
});
