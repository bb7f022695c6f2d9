import { type Tensor, tensor, tidy, valueAndGrads, zerosLike } from "@tensorflow/tfjs-core";
import { measureCase } from "../conformance/measure-case.ts";
import { opSpecs } from "../conformance/specs.ts";
import { gelu } from "../gelu/index.ts";
import { registerGradients } from "../gradients/index.ts";
import { registerKernels } from "../kernels.ts";
import { layerNorm } from "../layer-norm/index.ts";
import { linear } from "../linear/index.ts";
import { maskedCrossEntropy } from "../masked-cross-entropy/index.ts";
import { optimizerKernels } from "../optimizer/index.ts";
import { uniform } from "../spec.ts";
import { webgpuKernels } from "./index.ts";

/** What a page found out about our kernels in its browser. */
export interface PageResult {
  adapter: string;
  tier: string;
  cases: number;
  failures: string[];
  losses: number[];
}

interface Started {
  report: { adapter: string; tier: string };
  dispose(): void;
}

/** The conformance table, and training steps of a small model, in this page. */
export async function runPage(startWebgpu: (options: object) => Promise<Started>): Promise<PageResult> {
  const { report, dispose } = await startWebgpu({ allowSoftware: true });
  registerGradients();
  registerKernels(webgpuKernels);
  const all = opSpecs.flatMap(({ op, cases }) => cases.slice(0, 4).map((testCase) => ({ op, testCase })));
  const failures: string[] = [];
  for (const { op, testCase } of all) {
    const { forward, gradients } = await measureCase(testCase);
    const worst = Math.max(forward, ...Object.values(gradients).map((error) => error / 10));
    if (!(worst <= testCase.tolerance)) failures.push(`${op} ${testCase.name}: ${worst}`);
  }
  const losses = await train();
  dispose();
  return { adapter: report.adapter, tier: report.tier, cases: all.length, failures, losses };
}

/** Twelve AdamW steps that learn which class each row has. */
async function train(): Promise<number[]> {
  const [rows, hidden, classes] = [64, 32, 8];
  const x = tensor(uniform([rows, hidden], 1).values, [rows, hidden]);
  const [at, to] = [
    Int32Array.from({ length: rows }, (_, i) => i),
    Int32Array.from({ length: rows }, (_, i) => i % classes),
  ].map((values) => tensor(values, undefined, "int32")) as [Tensor, Tensor];
  const params = [[hidden], [hidden, hidden], [classes, hidden]].map((shape, i) =>
    tensor(uniform(shape, i + 2, 0.5).values, shape),
  );
  const moments = params.map((param) => [zerosLike(param), zerosLike(param)] as const);
  const losses: number[] = [];
  for (let step = 1; step <= 12; step++) {
    const [value, ...grads] = tidy(() => {
      const { value, grads } = valueAndGrads((norm: Tensor, weight: Tensor, head: Tensor) =>
        maskedCrossEntropy(gelu(linear(layerNorm(x, norm, undefined, 1e-6), weight)), head, undefined, at, to),
      )(params);
      return [value, ...grads];
    }) as [Tensor, ...Tensor[]];
    const corrections = { correction1: 1 - 0.9 ** step, correction2: 1 - 0.99 ** step };
    const attrs = { learningRate: 0.05, b1: 0.9, b2: 0.99, epsilon: 1e-8, weightDecay: 0, ...corrections };
    const one = tensor(1) as Tensor;
    params.forEach((param, i) => {
      optimizerKernels()!.adamw(param, grads[i]!, ...moments[i]!, one, attrs);
    });
    losses.push((await value.data())[0]!);
    for (const used of [one, value, ...grads]) used.dispose();
  }
  return losses;
}
