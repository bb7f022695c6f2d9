import "@tensorflow/tfjs-backend-cpu";
import { add, memory, mul, pow, scalar, sum, type Tensor, tensor, tidy } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { type GradInitGradient, type GradInitOptions, gradInit, scaledBy } from "../index.ts";
import { noise, read } from "../testing/numbers.testing.ts";

const shapes = { "layer.weight": [4, 3], "layer.bias": [3], "pos_embedding.scale": [2] } as const;
const values = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], n) => {
    const size = shape.reduce<number>((a, b) => a * b, 1);
    return [name, Array.from({ length: size }, (_, i) => Math.fround(noise(n, i)))];
  }),
) as Record<string, number[]>;
const names = Object.keys(values);
const made = () =>
  Object.fromEntries(names.map((name) => [name, tensor(values[name]!, [...shapes[name as keyof typeof shapes]])]));

/** The weight of x^2 / 2 and of x^4 / 4 in the loss of a batch. */
const weightsOf = (batch: number) => [1 + 0.1 * noise(5, batch), 0.5 + 0.1 * noise(6, batch)] as const;

/** The sum of a x^2 / 2 + b x^4 / 4 over all parameters, in tensors. */
const gradient: GradInitGradient = (params, batch) => {
  const [a, b] = weightsOf(batch);
  const grads = Object.fromEntries(
    Object.entries(params).map(([name, x]) => [name, tidy(() => add(mul(x, a), mul(pow(x, 3), b)))]),
  );
  const loss = tidy(() =>
    Object.values(params)
      .map((x) => add(sum(mul(mul(x, x), a / 2)), sum(mul(pow(x, 4), b / 4))))
      .reduce((total, part) => add(total, part), scalar(0) as Tensor),
  );
  return { loss, grads };
};

/** The same search in numbers, with the second derivatives themselves. */
const reference = (o: Required<Pick<GradInitOptions, "steps" | "tau" | "learningRate" | "secondOrder">>) => {
  const kept = (name: string) => name.includes("pos_embedding");
  const slope = (x: number, [a, b]: readonly [number, number]) => a * x + b * x ** 3;
  const s = Object.fromEntries(names.map((name) => [name, 1]));
  const [m, v] = [1, 2].map(() => Object.fromEntries(names.map((name) => [name, 0])));
  const norms: number[] = [];
  for (let step = 0; step < o.steps; step++) {
    const [here, there] = [weightsOf(2 * step), weightsOf(2 * step + 1)];
    const at = Object.fromEntries(names.map((name) => [name, values[name]!.map((x) => x * s[name]!)]));
    const norm = Math.hypot(...names.flatMap((name) => at[name]!.map((x) => slope(x, here))));
    norms.push(norm);
    for (const name of names.filter((name) => !kept(name))) {
      let [first, second] = [0, 0];
      for (const [i, x] of at[name]!.entries()) {
        const g = slope(x, here);
        first += slope(x - o.learningRate * Math.sign(g), there) * values[name]![i]!;
        second += ((g * (here[0] + 3 * here[1] * x * x)) / norm) * values[name]![i]!;
      }
      const total = first / o.learningRate + (o.secondOrder ? 2 * (norm - 1) * second : 0);
      m![name] = 0.9 * m![name]! + 0.1 * total;
      v![name] = 0.98 * v![name]! + 0.02 * total * total;
      const [mean, spread] = [m![name]! / (1 - 0.9 ** (step + 1)), v![name]! / (1 - 0.98 ** (step + 1))];
      s[name] = s[name]! - (o.tau * mean) / (Math.sqrt(spread) + 1e-6);
    }
  }
  return { factors: Object.fromEntries(Object.entries(s).filter(([name]) => !kept(name))), norms };
};

it.each([true, false])("finds the factors of its equation, second order: %s", async (secondOrder) => {
  const options = { steps: 20, tau: 0.02, learningRate: 0.5, secondOrder };
  const params = made();
  const before = memory().numTensors;
  const norms: number[] = [];
  const found = await gradInit(params, gradient, { ...options, onStep: ({ gradNorm }) => void norms.push(gradNorm) });
  expect(memory().numTensors).toBe(before);
  const expected = reference(options);
  expect(Object.keys(found)).toEqual(["layer.weight", "layer.bias"]);
  for (const [name, factor] of Object.entries(expected.factors)) {
    expect(Math.abs(factor - 1)).toBeGreaterThan(0.01);
    expect(found[name]).toBeCloseTo(factor, 4);
  }
  for (const [i, norm] of norms.entries()) expect(norm).toBeCloseTo(expected.norms[i]!, 4);
});

it("brings the norm of the gradient towards 1 with the second order alone", async () => {
  const lastNorm = async (secondOrder: boolean) => {
    let last = 0;
    // A rate that is so large that the loss after the step says little about the factors.
    const options = { steps: 100, tau: 0.03, learningRate: 1e3, stepType: "norm", secondOrder } as const;
    const flat: GradInitGradient = (params, batch) => {
      const found = gradient(params, 0);
      if (batch % 2 === 0) return found;
      return { ...found, grads: Object.fromEntries(Object.entries(found.grads).map(([n, g]) => [n, mul(g, 0)])) };
    };
    await gradInit(made(), flat, { ...options, kept: [], onStep: ({ gradNorm }) => void (last = gradNorm) });
    return last;
  };
  expect(Math.abs((await lastNorm(true)) - 1)).toBeLessThan(0.05);
  expect(Math.abs((await lastNorm(false)) - 1)).toBeGreaterThan(0.5);
});

it("keeps factors within their bounds", async () => {
  const bounds = { minScale: 0.95, maxScale: 1.001 };
  const found = await gradInit(made(), gradient, { steps: 30, tau: 0.05, learningRate: 0.1, ...bounds });
  expect(Object.values(found)).toEqual([0.95, 0.95]);
});

it("scales weights by their factors", async () => {
  const params = made();
  const scaled = await read(scaledBy(params, { "layer.bias": 2 }));
  expect([...scaled["layer.bias"]!]).toEqual(values["layer.bias"]!.map((x) => Math.fround(2 * x)));
  expect([...scaled["layer.weight"]!]).toEqual(values["layer.weight"]!);
});

it("refuses what cannot be", async () => {
  const endless: GradInitGradient = (params, batch) => ({ ...gradient(params, batch), loss: scalar(Number.NaN) });
  await expect(gradInit(made(), endless)).rejects.toThrow(/got NaN, NaN and .* in step 1; lower learningRate or tau/);
  await expect(gradInit(made(), gradient, { steps: 0 })).rejects.toThrow('"steps"');
  await expect(gradInit(made(), gradient, { minScale: 2, maxScale: 1 })).rejects.toThrow("got 2, 1 and sign");
  await expect(gradInit(made(), gradient, { stepType: "signs" as "sign" })).rejects.toThrow("and signs");
  await expect(gradInit(made(), gradient, { eta: 1 } as object)).rejects.toThrow('unknown option "eta"');
});
