import "@tensorflow/tfjs-backend-cpu";
import { copyRegisteredKernels, engine, memory, scalar, setBackend, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { afterEach, expect, it } from "vitest";
import { adamw, adamw8bit, disposeState, type Optimizer, stateTensors, type TensorMap } from "../index.ts";
import { codesByHalving, codeTable, decoded, encoded } from "../state/codes.ts";
import { dynamicMap } from "../state/dynamic-map.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { adamw8bitReference, codeValues, decay, rate, rounded } from "../testing/float64.testing.ts";
import { type Numbers, noise, progressAt, read } from "../testing/numbers.testing.ts";

afterEach(() => setBackend("cpu"));

// 5100 elements: 19 whole blocks and one of 236.
const shape = [300, 17];
const size = 5100;
const listOf = (seed: number, scale: number) =>
  Array.from({ length: size }, (_, i) => Math.fround(scale * noise(seed, i) ** 3));
const weights = listOf(1, 1);
const gradients = Array.from({ length: 12 }, (_, step) => listOf(step + 2, 0.3));

const trained = async (optimizer: Optimizer, lists = gradients) => {
  let params: TensorMap = { weight: tensor(weights, shape) };
  let state = optimizer.init(params);
  for (const [i, list] of lists.entries())
    ({ params, state } = optimizer.update({ weight: tensor(list, shape) }, state, params, progressAt(i)));
  const values = await read(params);
  const held = stateTensors(state);
  const bytes = Object.values(held).reduce((sum, { size }) => sum + 4 * size, 0);
  const dtypes = Object.fromEntries(Object.entries(held).map(([path, { dtype, shape }]) => [path, [dtype, ...shape]]));
  disposeMap(params);
  disposeState(state);
  return { values: values.weight!, bytes, dtypes };
};

it.each([true, false])("has the map's values, signed: %s", (signed) => {
  const map = dynamicMap(signed);
  expect(map).toHaveLength(256);
  expect(new Set(map).size).toBe(256);
  const expected = codeValues(signed);
  map.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-7 * Math.abs(value));
  });
});

it("has the values that bitsandbytes prints", () => {
  const [signed, unsigned] = [dynamicMap(true), dynamicMap(false)];
  expect([...signed.slice(0, 2), ...signed.slice(126, 130), ...signed.slice(254)]).toEqual(
    [-0.99296875, -0.97890625, -5.5e-7, 0, 5.5e-7, 3.25e-6, 0.99296875, 1].map(Math.fround),
  );
  expect([...unsigned.slice(0, 5), ...unsigned.slice(254)]).toEqual(
    [0, 3.25e-7, 7.75e-7, 2.125e-6, 4.375e-6, 0.996484375, 1].map(Math.fround),
  );
});

it.each([true, false])("rounds to the nearest value, and nothing negative to 0, signed: %s", async (signed) => {
  const map = codeValues(signed);
  const edges = [0, 1e-30, -1e-30, 1e-7, -1e-7, 2e-7, 1, -1, 0.9999, -0.9999, ...map.map((x) => x * 1.0001)];
  const block = Array.from({ length: 512 }, (_, i) =>
    Math.fround(edges[i] ?? noise(i, 3) * 10 ** (-8 * Math.abs(noise(i, 4)))),
  ).map((x) => (signed ? x : Math.abs(x)));
  const blocks = [block.slice(0, 256), block.slice(256).map((x) => x * 1e-9), block.slice(0, 256).map(() => 0)];
  const table = codeTable(signed);
  const values = await decoded(encoded(tensor(blocks), table), table).data();
  blocks.forEach((list, b) => {
    const expected = rounded(list.map(Math.fround), map);
    const largest = Math.max(1e-30, ...expected.map(Math.abs));
    expect(Math.max(...expected.map((value, i) => Math.abs(values[256 * b + i]! - value) / largest))).toBeLessThan(
      1e-7,
    );
  });
});

it("finds codes by halving as in one kernel", async () => {
  const { borders } = codeTable(true);
  const x = tensor(Array.from({ length: 4096 }, (_, i) => noise(7, i) ** 5));
  const all = tensor([...(await borders.data()), -1, 0, 1]);
  const { searchSorted } = await import("@tensorflow/tfjs-core");
  for (const values of [x, all])
    expect(await codesByHalving(values, borders).data()).toEqual(await searchSorted(borders, values, "right").data());
});

it("agrees with its equation in float64, block by block", async () => {
  const blockOf = (list: number[]): Numbers =>
    Object.fromEntries(Array.from({ length: 20 }, (_, b) => [`block${b}`, list.slice(256 * b, 256 * b + 256)]));
  const expected = blockOf(weights);
  const reference = adamw8bitReference();
  gradients.forEach((list, i) => void reference(expected, blockOf(list), i + 1));
  const { values } = await trained(adamw8bit({ learningRate: rate, weightDecay: decay }));
  // A moment that lies between two codes may be rounded to the other one in float32.
  const errors = Object.values(expected)
    .flat()
    .map((x, i) => Math.abs(values[i]! - x));
  expect(errors.filter((error) => error > 1e-5).length).toBeLessThan(5);
  expect(Math.max(...errors)).toBeLessThan(rate);
});

it("stays close to AdamW", async () => {
  // Gradients of one direction with noise, as those of a training are.
  const lists = gradients.map((_, step) => weights.map((x, i) => Math.fround(x + noise(step, i))));
  const [coded, whole] = [await trained(adamw8bit({ learningRate: 1e-3 }), lists), await trained(adamw(), lists)];
  const moved = Math.hypot(...weights.map((x, i) => whole.values[i]! - x));
  const apart = Math.hypot(...whole.values.map((x, i) => coded.values[i]! - x));
  expect(apart / moved).toBeGreaterThan(1e-4); // it does round
  expect(apart / moved).toBeLessThan(0.1);
});

it("keeps two bytes for a parameter, and a scale for each block", async () => {
  const { bytes, dtypes } = await trained(adamw8bit(), gradients.slice(0, 2));
  expect(dtypes).toEqual({
    "mu/weight/words": ["int32", 20, 64],
    "mu/weight/scales": ["float32", 20, 1],
    "nu/weight/words": ["int32", 20, 64],
    "nu/weight/scales": ["float32", 20, 1],
  });
  expect(bytes / size).toBeLessThan(2.1);
  expect((await trained(adamw8bit({ minSize: size + 1 }), gradients.slice(0, 2))).dtypes).toEqual({
    "mu/weight": ["float32", ...shape],
    "nu/weight": ["float32", ...shape],
  });
});

it("comes to the same with three codes a word, and does not take four for three", async () => {
  const four = await trained(adamw8bit());
  copyRegisteredKernels("cpu", "webgl");
  engine().registerBackend("webgl", () => engine().findBackendFactory("cpu")!());
  const optimizer = adamw8bit();
  const params = { weight: tensor(weights, shape) };
  const state = optimizer.init(params);
  await setBackend("webgl");
  const three = await trained(adamw8bit());
  expect(three.values).toEqual(four.values);
  expect(three.dtypes["mu/weight/words"]).toEqual(["int32", 20, 86]);
  const grads = { weight: tensor(gradients[0]!, shape) };
  expect(() => optimizer.update(grads, state, params, progressAt(0))).toThrow(
    /expected a state with three codes a word, .* go on with the backend that made it/,
  );
});

it("leaves everything as it is when a step is skipped", async () => {
  const optimizer = adamw8bit();
  let params: TensorMap = { weight: tensor(weights, shape) };
  let state = optimizer.init(params);
  const step = (list: number[], scale: Tensor) => {
    const grads = { weight: tensor(list, shape) };
    ({ params, state } = optimizer.update(grads, state, params, progressAt(0), scale));
  };
  step(gradients[0]!, scalar(0.5));
  const before = { params: await read(params), state: await read(stateTensors(state)) };
  step(gradients[1]!.with(3, Number.NaN), scalar(Number.POSITIVE_INFINITY));
  step(gradients[1]!, scalar(0));
  expect({ params: await read(params), state: await read(stateTensors(state)) }).toEqual(before);
});

it("refuses the state of another shape, and leaves no tensor behind", () => {
  const before = memory().numTensors;
  const optimizer = adamw8bit();
  const params = { weight: tensor(weights, shape) };
  const [longer, grads] = [1, 2].map(() => ({ weight: tensor([...weights, ...weights], [600, 17]) }));
  const state = optimizer.init(params);
  expect(() => optimizer.update(grads!, state, longer!, progressAt(0))).toThrow(
    'expected mu of "weight" to be [600, 17], got [20, 64]',
  );
  for (const map of [params, longer!, grads!]) disposeMap(map);
  disposeState(state);
  expect(memory().numTensors).toBe(before);
});
