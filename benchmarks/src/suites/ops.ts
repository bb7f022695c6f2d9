import {
  attention,
  dropout,
  embedding,
  gelu,
  glu,
  layerNorm,
  linear,
  maskedCrossEntropy,
  rmsNorm,
  rotary,
} from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import { deviceMs, disposeComputed, distance, hasDeviceClock, startCompute } from "../measure/compute.ts";
import { noise } from "../measure/noise.ts";
import type { Contestant, Suite, SuiteContext } from "../measure/suite.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";
import * as composed from "./composed-ops.ts";

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

interface OpCase {
  name: string;
  /** Sides of what it works on, for the table. */
  sides: string;
  /** Float tensors that get a gradient. */
  inputs: () => tf.Tensor[];
  fused: Op;
  /** The same from tfjs-core's operations: the reference and the rival. Absent if randomness differs. */
  composed?: Op;
  /** If nothing composes it: the distance of an output from what must hold. */
  holds?: (output: tf.Tensor) => Promise<number>;
  /** Of the forward pass; forward and backward take three times as much. */
  flops: number;
  bytes: number;
  bound: "copy" | "matmul";
}

const integers = (shape: number[], limit: number, stride = 7919): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Int32Array.from({ length: size }, (_, i) => (i * stride) % limit),
    shape,
    "int32",
  );
};

const casesOf = ({ config, batch, seq }: Shape): { cases: OpCase[]; dispose(): void } => {
  const { hidden, heads, intermediate, vocabSize } = config;
  const rows = batch * seq;
  const count = Math.round(rows / 4);
  const ids = integers([batch, seq], vocabSize);
  const positions = tf.tensor1d(
    Int32Array.from({ length: count }, (_, i) => 4 * i),
    "int32",
  );
  const targets = integers([count], vocabSize, 104_729) as tf.Tensor1D;
  const table = composed.rotaryTable(seq, hidden / heads);
  const bytes = (...sizes: number[]) => 4 * sizes.reduce((a, b) => a + b, 0);
  const linearCase = (inputs: number, outputs: number): OpCase => ({
    name: "linear",
    sides: `[${rows}, ${inputs}] -> ${outputs}`,
    inputs: () => [noise([rows, inputs]), noise([outputs, inputs], 0.05, 2)],
    fused: (x, weight) => linear(x!, weight!),
    composed: (x, weight) => composed.linear(x!, weight!),
    flops: 2 * rows * inputs * outputs,
    bytes: bytes(rows * inputs, inputs * outputs, rows * outputs),
    bound: "matmul",
  });
  const rowsOf = (name: string, width: number, outputs: number, fused: Op, reference: Op, weights: number): OpCase => ({
    name,
    sides: `[${rows}, ${width}]`,
    inputs: () => [
      noise([rows, width], 2),
      ...Array.from({ length: weights }, (_, i) => tf.add(noise([width], 0.5, i + 2), 1)),
    ],
    fused,
    composed: reference,
    flops: 10 * rows * width,
    bytes: bytes(rows * width, rows * outputs),
    bound: "copy",
  });
  const reach = Math.max(1, Math.floor(seq / 8)); // ModernBERT's in rows of 512
  const cases: OpCase[] = [
    linearCase(hidden, 3 * hidden),
    linearCase(hidden, intermediate),
    linearCase(intermediate, hidden),
    {
      name: "attention",
      sides: `${batch} x ${heads} x ${seq} x ${hidden / heads}`,
      inputs: () => [noise([batch, seq, 3 * hidden])],
      fused: (qkv) => attention(qkv!, { heads }),
      composed: (qkv) => composed.attention(qkv!, heads),
      flops: 4 * batch * seq * seq * hidden,
      bytes: bytes(3 * rows * hidden, rows * hidden),
      bound: "matmul",
    },
    {
      name: "local attention",
      sides: `${batch} x ${heads} x ${seq} x ${hidden / heads}, reach ${reach}`,
      inputs: () => [noise([batch, seq, 3 * hidden])],
      fused: (qkv) => attention(qkv!, { heads, reach }),
      composed: (qkv) => composed.attention(qkv!, heads, reach),
      flops: 4 * batch * seq * Math.min(seq, 2 * reach + 1) * hidden,
      bytes: bytes(3 * rows * hidden, rows * hidden),
      bound: "matmul",
    },
    {
      name: "rotary",
      sides: `${batch} x ${heads} x ${seq} x ${hidden / heads}`,
      inputs: () => [noise([batch, seq, 3 * hidden])],
      fused: (qkv) => rotary(qkv!, { heads }),
      composed: (qkv) => composed.rotary(qkv!, heads, table),
      flops: 6 * rows * hidden,
      bytes: bytes(6 * rows * hidden),
      bound: "copy",
    },
    rowsOf(
      "layerNorm",
      hidden,
      hidden,
      (x, w, b) => layerNorm(x!, w!, b!, 1e-12),
      (x, w, b) => composed.layerNorm(x!, w!, b!, 1e-12),
      2,
    ),
    rowsOf(
      "rmsNorm",
      hidden,
      hidden,
      (x, w) => rmsNorm(x!, w!, 1e-6),
      (x, w) => composed.rmsNorm(x!, w!, 1e-6),
      1,
    ),
    rowsOf(
      "gelu",
      intermediate,
      intermediate,
      (x) => gelu(x!),
      (x) => composed.gelu(x!),
      0,
    ),
    rowsOf(
      "glu (gelu)",
      intermediate,
      intermediate / 2,
      (x) => glu(x!, "gelu"),
      (x) => composed.geluGlu(x!),
      0,
    ),
    {
      ...rowsOf(
        "dropout 0.1",
        hidden,
        hidden,
        (x) => dropout(x!, { rate: 0.1, key: [3, 5] }),
        (x) => x!,
        0,
      ),
      composed: undefined,
      inputs: () => [tf.ones([rows, hidden])],
      // Of ones: 0 or 1 / 0.9 everywhere, with a mean of 1 within five deviations.
      async holds(output) {
        const values = (await output.data()) as Float32Array;
        const sum = values.reduce((a, b) => a + b, 0);
        const odd = values.some((value) => value !== 0 && Math.abs(value - 1 / 0.9) > 1e-6);
        const deviation = Math.sqrt(0.1 / 0.9 / values.length);
        return odd || Math.abs(sum / values.length - 1) > 5 * deviation ? 1 : 0;
      },
    },
    {
      name: "embedding",
      sides: `${rows} of [${vocabSize}, ${hidden}]`,
      inputs: () => [noise([vocabSize, hidden])],
      fused: (weight) => embedding(ids, weight!),
      composed: (weight) => tf.gather(weight!, ids),
      flops: 0,
      bytes: bytes(rows, 2 * rows * hidden),
      bound: "copy",
    },
    {
      name: "maskedCrossEntropy",
      sides: `${count} of ${rows}, [${vocabSize}, ${hidden}]`,
      inputs: () => [noise([rows, hidden]), noise([vocabSize, hidden], 0.05, 2)],
      fused: (x, weight) => maskedCrossEntropy(x!, weight!, undefined, positions, targets),
      composed: (x, weight) => composed.maskedCrossEntropy(x!, weight!, positions, targets),
      flops: 2 * count * hidden * vocabSize,
      bytes: bytes(count * hidden, vocabSize * hidden),
      bound: "matmul",
    },
  ];
  return { cases, dispose: () => tf.dispose([ids, positions, targets, table]) };
};

/** The worst relative L2 distance, value and every gradient, between an op and its composition. */
const compared = async (
  { fused, composed: reference, holds }: OpCase,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): Promise<number> => {
  if (!reference) {
    const output = tf.tidy(() => fused(...inputs));
    const error = await holds!(output);
    output.dispose();
    return error;
  }
  const [got, want] = [fused, reference].map((op) => {
    const { value, grads } = tf.valueAndGrads(op)(inputs, dy);
    return [value, ...grads];
  });
  let worst = 0;
  for (const [i, tensor] of got!.entries()) worst = Math.max(worst, await distance(tensor, want![i]!));
  tf.dispose([got, want]);
  return worst;
};

const measureOp = async (one: OpCase, shape: Shape, { options, measure }: SuiteContext): Promise<void> => {
  const inputs = one.inputs();
  const dy = tf.tidy(() => {
    const { shape: outputs } = one.fused(...inputs);
    return outputs.length === 0 ? tf.scalar(1) : noise([...outputs], 1, 5);
  });
  const modes: Record<string, { run(op: Op): void; times: number }> = {
    forward: { run: (op) => disposeComputed(tf.tidy(() => op(...inputs))), times: 1 },
    "forward and backward": { run: (op) => disposeComputed(...tf.grads(op)(inputs, dy)), times: 3 },
  };
  try {
    for (const [mode, { run, times }] of Object.entries(modes)) {
      const contestant = (provider: string, op: Op): Contestant => ({
        provider,
        mode,
        work: times * (one.bound === "matmul" ? one.flops : one.bytes),
        flops: times * one.flops,
        bytes: times * one.bytes,
        run: () => run(op),
        ...(hasDeviceClock() && { deviceMs: () => deviceMs(() => run(op)) }),
      });
      const fused: Contestant = {
        ...contestant("cramkit", one.fused),
        tolerance: options.precision === "mixed" ? 2e-2 : 2e-4,
        check: () => compared(one, inputs, dy),
      };
      await measure({
        case: `${one.name} ${one.sides}`,
        shape: shape.name,
        unit: one.bound === "matmul" ? "GFLOP/s" : "GB/s",
        bound: one.bound,
        contestants: one.composed ? [fused, contestant("tfjs-core composition", one.composed)] : [fused],
        limitMs: 10_000,
      });
    }
  } finally {
    tf.dispose([inputs, dy]);
  }
};

export const opsSuite: Suite = {
  name: "ops",
  describes: "each fused op, forward and backward, beside its composition from tfjs-core's operations",
  hasShapes: true,
  async run(context) {
    await startCompute(context.options);
    for (const shape of shapesOf(context.options)) {
      const { cases, dispose } = casesOf(shape);
      for (const one of cases) {
        try {
          await measureOp(one, shape, context);
        } catch (error) {
          context.fail(`${one.name} ${one.sides}`, "cramkit", error);
        }
      }
      dispose();
    }
  },
};
