import "@tensorflow/tfjs-backend-cpu";
import { memory, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  accumulate,
  adamw,
  disposeState,
  type Evaluate,
  type Gradients,
  groups,
  type Optimizer,
  type OptimizerState,
  stateFromTensors,
  stateLayout,
  stateTensors,
  type TensorMap,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { decay, rate } from "../testing/float64.testing.ts";
import { type Numbers, noise, numbers, progressAt, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { fixed, given, rows } from "../testing/rows.testing.ts";

const gradients = Array.from({ length: 10 }, (_, i) => numbers(100 + i, 0.3));

interface Run {
  params: TensorMap;
  state: OptimizerState;
}

const start = (optimizer: Optimizer): Run => {
  const params = tensors(numbers(1));
  return { params, state: optimizer.init(params) };
};

const finish = async ({ params, state }: Run) => {
  const values = await read(params);
  const held = await read(stateTensors(state));
  disposeMap(params);
  disposeState(state);
  return { values, held };
};

/** Takes a state apart as a checkpoint does, bytes and JSON, and builds it again. */
const throughCheckpoint = async (state: OptimizerState): Promise<OptimizerState> => {
  const layout = JSON.parse(JSON.stringify(stateLayout(state)));
  const tensorsOf: Record<string, Tensor> = {};
  for (const [path, held] of Object.entries(stateTensors(state))) {
    const Values = held.dtype === "int32" ? Int32Array : Float32Array;
    const bytes = Buffer.from(Uint8Array.from(new Uint8Array(Values.from(await held.data()).buffer)));
    tensorsOf[path] = tensor(new Values(Uint8Array.from(bytes).buffer), held.shape, held.dtype);
  }
  disposeState(state);
  return stateFromTensors<OptimizerState>(layout, tensorsOf);
};

describe.each(rows)("$name", (row) => {
  const make = () => row.make(rate, { weightDecay: decay });

  it("agrees with its equation in float64 over ten steps", async () => {
    const optimizer = make();
    const run = start(optimizer);
    const expected = numbers(1);
    const reference = row.reference();
    gradients.forEach((grads, i) => {
      Object.assign(run, optimizer.update(given(tensors(grads), row), run.state, run.params, progressAt(i)));
      reference(expected, grads, i + 1);
    });
    const { values } = await finish(run);
    const moved = worstError(Object.fromEntries(Object.entries(numbers(1)).map(([n, l]) => [n, l])), expected);
    expect(moved, "the reference moves").toBeGreaterThan(1e-3);
    expect(worstError(values, expected)).toBeLessThan(row.tolerance ?? 2e-6);
  });

  it("keeps the number of tensors and leaves none behind", () => {
    const before = memory().numTensors;
    const optimizer = make();
    const run = start(optimizer);
    const live = gradients.map((grads, i) => {
      Object.assign(run, optimizer.update(given(tensors(grads), row), run.state, run.params, progressAt(i)));
      return memory().numTensors;
    });
    expect(new Set(live).size).toBe(1);
    disposeMap(run.params);
    disposeState(run.state);
    expect(memory().numTensors).toBe(before);
  });

  it("goes on from a checkpoint to the last bit", async () => {
    const optimizer = make();
    const [whole, stopped] = [start(optimizer), start(optimizer)];
    for (const [i, grads] of gradients.entries()) {
      for (const run of [whole, stopped]) {
        Object.assign(run, optimizer.update(given(tensors(grads), row), run.state, run.params, progressAt(i)));
      }
      if (i % 3 === 1) stopped.state = await throughCheckpoint(stopped.state);
    }
    expect(await finish(stopped)).toEqual(await finish(whole));
  });

  it.skipIf(row.eachMicrobatch)("takes n microbatches for one batch of n times the size", async () => {
    const [many, one] = [accumulate(make(), { batchSize: 6, microbatchSize: 2 }), make()];
    const [inParts, whole] = [start(many), start(one)];
    for (let step = 0; step < 3; step++) {
      const parts = [0, 1, 2].map((i) => numbers(300 + 3 * step + i, 0.3));
      const mean = Object.fromEntries(
        Object.entries(parts[0]!).map(([name, list]) => [
          name,
          list.map((x, i) => (x + parts[1]![name]![i]! + parts[2]![name]![i]!) / 3),
        ]),
      );
      const applied = parts.map((grads) => {
        const result = many.update(given(tensors(grads), row), inParts.state, inParts.params, progressAt(step));
        Object.assign(inParts, result);
        return result.applied;
      });
      expect(applied).toEqual([false, false, true]);
      Object.assign(whole, one.update(given(tensors(mean), row), whole.state, whole.params, progressAt(step)));
    }
    const expected = Object.fromEntries(
      Object.entries((await finish(whole)).values).map(([name, list]) => [name, [...list]]),
    );
    expect(worstError((await finish(inParts)).values, expected)).toBeLessThan(row.tolerance ?? 1e-5);
  });

  it("works as one of several groups", async () => {
    // agd, sam and muon look at all of their tensors at once, so the group is compared with a run of its own.
    const names = ["layers.0.attn.weight", "layers.0.ffn.weight", "layers.0.ffn.bias"];
    const part = (map: TensorMap) => Object.fromEntries(names.map((name) => [name, map[name]!]));
    const options = { weightDecay: decay };
    const grouped = groups([{ params: ["attn", /ffn/], optimizer: row.make(rate, options) }, { optimizer: adamw() }]);
    const alone = row.make(rate, options);
    const run = start(grouped);
    const params = part(tensors(numbers(1)));
    const own: Run = { params, state: alone.init(params) };
    const evaluate: Evaluate = (params, o) => part(fixed(params, o));
    const ownGiven = (grads: Numbers): Gradients => {
      const own = part(tensors(grads));
      return row.needsEvaluate ? { grads: own, evaluate } : own;
    };
    const live = new Set<number>();
    gradients.slice(0, 4).forEach((grads, i) => {
      const before = memory().numTensors;
      Object.assign(run, grouped.update(given(tensors(grads), row), run.state, run.params, progressAt(i)));
      live.add(memory().numTensors - before);
      Object.assign(own, alone.update(ownGiven(grads), own.state, own.params, progressAt(i)));
    });
    expect([...live]).toEqual([0]);
    const [together, single] = [(await finish(run)).values, (await finish(own)).values];
    for (const name of names) expect(together[name], name).toEqual(single[name]);
    expect(together["embedding.weight"]).not.toEqual(Float32Array.from(numbers(1)["embedding.weight"]!));
  });

  it.each(["parabola", "rosenbrock"] as const)("converges on the %s", (problem) => {
    const steps = problem === "parabola" ? 200 : 600;
    const optimizer = row.make(({ fraction }) => row[problem] * (1 - fraction), { weightDecay: 0 });
    const first = new Float32Array(8).map((_, i) => noise(9, i));
    const [tall, wide] = [first.slice(0, 6), first.slice(6)];
    let params: TensorMap = { "layer.weight": tensor(tall, [3, 2]), "layer.bias": tensor(wide, [2]) };
    let state = optimizer.init(params);
    const evaluate = evaluateOf(problem);
    const initial = lossOf(problem, params);
    for (let step = 0; step < steps; step++) {
      const grads = evaluate(params);
      const progress = { ...progressAt(step), fraction: step / steps };
      const gradients = row.needsEvaluate ? { grads, evaluate } : grads;
      ({ params, state } = optimizer.update(gradients, state, params, progress));
    }
    const last = lossOf(problem, params);
    disposeMap(params);
    disposeState(state);
    expect(initial).toBeGreaterThan(1);
    expect(last).toBeLessThan(problem === "parabola" ? 1e-3 * initial : 1e-2 * initial);
  });
});

/** Sums over pairs (x, y): a parabola around (1, -0.5), and (1 - x)^2 + 10 (y - x^2)^2; with slopes and curvatures. */
const problems = {
  parabola: (x: number, y: number) => ({
    loss: (x - 1) ** 2 + 3 * (y + 0.5) ** 2,
    slopes: [2 * (x - 1), 6 * (y + 0.5)],
    curvatures: [2, 6],
  }),
  rosenbrock: (x: number, y: number) => ({
    loss: (1 - x) ** 2 + 10 * (y - x * x) ** 2,
    slopes: [-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)],
    curvatures: [2 + 80 * x * x, 20], // of the Gauss-Newton approximation
  }),
};

type Problem = keyof typeof problems;

const evaluateOf =
  (problem: Problem): Evaluate =>
  (params, { targets } = {}) =>
    Object.fromEntries(
      Object.entries(params).map(([name, param]) => {
        const values = param.dataSync<"float32">();
        const slopes = new Float32Array(values.length);
        for (let i = 0; i < values.length; i += 2) {
          const at = problems[problem](values[i]!, values[i + 1]!);
          // The square of a gradient for sampled targets, times the batch size of the row, is the curvature.
          slopes.set(targets === "sampled" ? at.curvatures.map((c) => Math.sqrt(c / 100)) : at.slopes, i);
        }
        return [name, tensor(slopes, param.shape)];
      }),
    );

const lossOf = (problem: Problem, params: TensorMap): number => {
  const values = Object.values(params).flatMap((param) => [...param.dataSync<"float32">()]);
  let loss = 0;
  for (let i = 0; i < values.length; i += 2) loss += problems[problem](values[i]!, values[i + 1]!).loss;
  return loss;
};
