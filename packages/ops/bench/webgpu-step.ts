import { engine, type Tensor, tensor, tidy, valueAndGrads } from "@tensorflow/tfjs-core";
import { attention, embedding, glu, layerNorm, linear, maskedCrossEntropy } from "../src/index.ts";
import { bytesOf, integers, uniform } from "../src/spec.ts";
import { type Ceilings, type KernelTime, type TimedHost, timeKernels } from "./webgpu.ts";

/** An op at the shapes of one training step, with what it must at least compute and move, forward and backward together. */
export interface StepCase {
  op: string;
  inputs: Tensor[];
  run: (...inputs: Tensor[]) => Tensor;
  flops: number;
  bytes: number;
}

/** One op's rate, the kernels it consists of, and its share of the ceiling that binds it. */
export interface OpRate {
  op: string;
  ms: number;
  tflops: number;
  gbps: number;
  share: number;
  kernels: KernelTime[];
}

const float = (shape: number[], seed: number, scale = 0.05): Tensor =>
  tensor(uniform(shape, seed, scale).values, shape);

/** The ops of crammed-bert (hidden 768, 12 heads, GLU of 3072, vocabulary 32768) on `rows = batch * seq` tokens. */
export function crammedBertCases({ batch = 64, seq = 128, predicted = 0.25 } = {}): StepCase[] {
  const [hidden, heads, wide, vocab] = [768, 12, 3072, 32768];
  const rows = batch * seq;
  const count = Math.round(rows * predicted);
  const x = float([rows, hidden], 1, 1);
  const ids = tensor(integers([rows], 2, vocab).values, [rows], "int32");
  const positions = tensor(
    Int32Array.from({ length: count }, (_, i) => Math.floor(i / predicted)),
    [count],
    "int32",
  );
  const targets = tensor(integers([count], 3, vocab).values, [count], "int32");
  const table = float([vocab, hidden], 4);
  const linearCase = (op: string, input: number, out: number): StepCase => ({
    op,
    inputs: [input === hidden ? x : float([rows, input], 5), float([out, input], 6)],
    run: (input, weight) => linear(input!, weight!),
    flops: 6 * rows * input * out,
    bytes: 3 * bytesOf([rows, input], [input, out], [rows, out]),
  });
  return [
    linearCase("linear qkv", hidden, 3 * hidden),
    linearCase("linear out", hidden, hidden),
    linearCase("linear in", hidden, wide),
    linearCase("linear back", wide / 2, hidden),
    {
      op: "attention",
      inputs: [float([batch, seq, 3 * hidden], 7, 1)],
      run: (qkv) => attention(qkv!, { heads }),
      flops: 14 * batch * seq * seq * hidden,
      bytes: bytesOf([rows, 12 * hidden]),
    },
    {
      op: "layerNorm",
      inputs: [x, float([hidden], 8), float([hidden], 9)],
      run: (x, weight, bias) => layerNorm(x!, weight!, bias, 1e-12),
      flops: 20 * rows * hidden,
      bytes: 5 * bytesOf([rows, hidden]),
    },
    {
      op: "glu",
      inputs: [float([rows, wide], 10, 1)],
      run: (x) => glu(x!, "gelu"),
      flops: 40 * rows * wide,
      bytes: 4 * bytesOf([rows, wide]),
    },
    {
      op: "embedding",
      inputs: [table],
      run: (table) => embedding(ids, table!),
      flops: rows * hidden,
      bytes: bytesOf([rows, hidden], [rows, hidden], [rows, hidden], [vocab, hidden]),
    },
    {
      op: "maskedCrossEntropy",
      inputs: [x, table],
      run: (x, weight) => maskedCrossEntropy(x!, weight!, undefined, positions, targets),
      flops: 6 * count * hidden * vocab,
      bytes: 6 * bytesOf([count, vocab]),
    },
  ];
}

/** Forward and backward of one op, timed by the device. The share is of the ceiling that it comes nearest to. */
export async function measureOp(
  host: TimedHost,
  { op, inputs, run, flops, bytes }: StepCase,
  ceilings: Ceilings,
): Promise<OpRate> {
  const body = () =>
    tidy(() => {
      valueAndGrads(run)(inputs);
    });
  const kernels = await timeKernels(host, body);
  const ms = kernels.reduce((total, kernel) => total + kernel.ms, 0);
  const [tflops, gbps] = [flops / ms / 1e9, bytes / ms / 1e6];
  return { op, ms, tflops, gbps, share: Math.max(tflops / ceilings.gemmTflops, gbps / ceilings.copyGBps), kernels };
}

/** The backend that tfjs computes on, as one that times; throws for another than `webgpu`. */
export function currentHost(): TimedHost {
  if (engine().backendName !== "webgpu")
    throw new Error(
      `currentHost: expected the backend webgpu, got ${engine().backendName}; start it with startBackend("webgpu")`,
    );
  return engine().backend as unknown as TimedHost;
}
