import { reshape, scalar, type Tensor, tensor, tidy, valueAndGrads, zerosLike } from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { attention } from "../attention/attention.ts";
import { uniform } from "../conformance-case.ts";
import { gelu } from "../gelu/gelu.ts";
import { glu } from "../glu/glu.ts";
import { layerNorm } from "../layer-norm/layer-norm.ts";
import { linear } from "../linear/linear.ts";
import { maskedCrossEntropy } from "../masked-cross-entropy/masked-cross-entropy.ts";
import { optimizerKernels } from "../optimizer/kernels.ts";
import { normOfSum, residualNorm } from "../residual-norm/residual-norm.ts";
import { rotary } from "../rotary/rotary.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";

/*
 * A layer whose tensors need no padding: in the tier of matrices everything between two products exists as f16 alone. Its
 * loss and gradients against the float32 kernels, and what was dispatched for them.
 */
const [batch, seq, hidden, wide, vocab] = [2, 64, 128, 256, 128];
const shapes: Record<string, number[]> = {
  x: [batch, seq, hidden],
  norm: [hidden],
  bias: [hidden],
  qkv: [3 * hidden, hidden],
  dense: [hidden, hidden],
  norm2: [hidden],
  in: [2 * wide, hidden],
  inBias: [2 * wide],
  out: [hidden, wide],
  up: [wide, hidden],
  down: [hidden, wide],
  vocabulary: [vocab, hidden],
};
const names = Object.keys(shapes);
const positions = Int32Array.from({ length: 64 }, (_, i) => 2 * i + 1);

const loss = (heads: number, tensors: readonly Tensor[]): Tensor => {
  const p = Object.fromEntries(names.map((name, i) => [name, tensors[i]!])) as Record<string, Tensor>;
  const qkv = linear(layerNorm(p.x!, p.norm!, p.bias, 1e-6), p.qkv!);
  const mixed = attention(rotary(qkv, { heads }), { heads });
  const rms = { kind: "rms", epsilon: 1e-6 } as const;
  const first = residualNorm(p.x!, linear(mixed, p.dense!), p.norm2!, undefined, rms);
  const gated = linear(glu(linear(first.normed, p.in!, p.inBias), "gelu"), p.out!);
  const dropout = { rate: 0.1, key: [3, 4] } as const;
  const second = residualNorm(first.sum, gated, p.norm2!, undefined, { ...rms, dropout });
  const branch = linear(gelu(linear(second.normed, p.up!)), p.down!);
  const last = normOfSum(second.sum, branch, p.norm!, p.bias, { kind: "layer", epsilon: 1e-6 });
  const rows = reshape(last, [batch * seq, hidden]);
  const [at, to] = [positions, positions.map((i) => (7 * i) % vocab)].map((ids) => tensor(ids, undefined, "int32"));
  return maskedCrossEntropy(rows, p.vocabulary!, undefined, at!, to!);
};

const tiers = await testableTiers();
let started: TestBackend | undefined;
afterEach(() => {
  started?.dispose();
  started = undefined;
});

const results = async (heads: number, options: Parameters<typeof startTestBackend>[0]) => {
  started = await startTestBackend(options);
  started.backend.poison = true;
  const tensors = names.map((name, i) => {
    const { values, shape } = uniform(shapes[name]!, i + 1, name === "x" ? 1 : 0.1);
    return tensor(name.startsWith("norm") ? values.map((value) => 1 + value) : values, shape);
  });
  let outputs: Tensor[] = [];
  const traffic = started.backend.countTraffic(() => {
    outputs = tidy(() => {
      const { value, grads } = valueAndGrads((...xs: Tensor[]) => loss(heads, xs))(tensors);
      return [value, ...grads];
    });
  });
  const values = await Promise.all(outputs.map((output) => output.data()));
  started.dispose();
  started = undefined;
  return { values, keys: [...traffic.keys()] };
};

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  norm(Float64Array.from(a, (value, i) => value - b[i]!)) / norm(b);

const ways = [
  { name: "the adapter's own units", tier: "matrix", heads: 2, options: { tier: "matrix" as const } },
  // Heads of 32: those of 64 want more workgroup memory for such units than a software adapter has.
  {
    name: "emulated units of 16 x 16 x 16",
    tier: "float16",
    heads: 4,
    options: { emulatedUnit: { m: 16, n: 16, k: 16 } },
  },
] as const;

describe.each(ways.filter(({ tier }) => tiers.includes(tier)))(
  "f16 between kernels, on $name",
  ({ heads, options }) => {
    it("gives the loss and the gradients of float32", async () => {
      const want = await results(heads, {});
      const got = await results(heads, options);
      expect(Math.abs(got.values[0]![0]! - want.values[0]![0]!) / want.values[0]![0]!).toBeLessThan(1e-3);
      for (const [i, name] of names.entries())
        expect(distance(got.values[i + 1]!, want.values[i + 1]!), name).toBeLessThan(1e-2);
      // Norms, activations, rotation, attention and products hand f16 on; nothing is widened on the way.
      expect(got.keys.filter((key) => key.includes("half.widen"))).toEqual([]);
      const of = (text: string) => got.keys.filter((key) => key.includes(text)).length;
      expect([of("glu.gelu.backward.vec4.hhh"), of("gelu.gradient.vec4.hhh")]).toEqual([1, 1]);
      expect(of("rotary.vec4.hh")).toBe(1);
      // Sums are float32; branches, what follows them and what flows back are f16.
      expect(
        got.keys
          .map((key) => key.replace("emulated.", ""))
          .filter((key) => key.includes("-norm"))
          .sort(),
      ).toEqual([
        "layer-norm.128.bias.fh",
        "layer-norm.gradient.128.hf",
        "residual-layer-norm.128.bias.fhh",
        "residual-layer-norm.gradient.128.two.ffh",
        "residual-rms-norm.128.dropout.fhh",
        "residual-rms-norm.128.fhh",
        "residual-rms-norm.gradient.128.sum.dropout.two.hfh",
        "residual-rms-norm.gradient.128.sum.two.hfh",
      ]);
      // Products read the f16 copy that the gradient of a sum brings.
      expect(of("half.vec4")).toBe(1);
      expect([of("attention.query.matrix"), of(`head${hidden / heads}.hhh`), of("softmax.vec4<f32>.half")]).toEqual([
        1, 2, 1,
      ]);
    });
  },
);

describe.runIf(tiers.includes("matrix"))("the f16 copy of a weight", () => {
  it("stays in step with AdamW, so that no later product makes it anew", async () => {
    started = await startTestBackend({ tier: "matrix" });
    const { backend } = started;
    const [x, weight] = [uniform([128, 64], 1), uniform([128, 64], 2)].map(({ values, shape }) =>
      tensor(values, shape),
    );
    const [mu, nu] = [zerosLike(weight!), zerosLike(weight!)];
    const attrs = { learningRate: 0.1, b1: 0.9, b2: 0.99, epsilon: 1e-8 };
    let y = linear(x!, weight!);
    y.dispose();
    const update = backend.countTraffic(() => {
      const corrections = { correction1: 0.1, correction2: 0.01 };
      const updates = [{ param: weight!, grad: x!, mu, nu, weightDecay: 0.01 }];
      optimizerKernels()!.adamw(updates, scalar(1), { ...attrs, ...corrections });
    });
    expect([...update.keys()]).toEqual(["adamw.vec4.half.1"]);
    const again = backend.countTraffic(() => {
      y = linear(x!, weight!);
    });
    expect([...again.keys()].filter((key) => key.startsWith("half."))).toEqual([]);
    const [a, w, got] = await Promise.all([x!.data(), weight!.data(), y.data()]);
    const want = Float64Array.from(got, (_, i) => {
      let sum = 0;
      for (let k = 0; k < 64; k++) sum += a[Math.floor(i / 128) * 64 + k]! * w[(i % 128) * 64 + k]!;
      return sum;
    });
    expect(distance(got, want)).toBeLessThan(1e-3);
  });
});
