import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { accumulate, clip, disposeState, groups, lossScaling, progressiveBatch, sam, sgd } from "../index.ts";
import { asMeasured, disposeMap } from "../state/tensor-map.ts";
import {
  type Numbers,
  numbers,
  plainKernels,
  progressAt,
  read,
  tensors,
  worstError,
} from "../testing/numbers.testing.ts";
import { listed } from "../testing/run.testing.ts";

type Microbatch = { grads: Numbers; targets?: number };

/** Each microbatch's gradient is the mean over its targets: of the whole batch they weigh as many as these. */
const uneven: Microbatch[] = [
  { grads: numbers(2), targets: 31 },
  { grads: numbers(3), targets: 1 },
  { grads: numbers(4), targets: 12 },
];

const meanOf = (microbatches: readonly Microbatch[]): Numbers => {
  const total = microbatches.reduce((sum, { targets = 1 }) => sum + targets, 0);
  return Object.fromEntries(
    Object.entries(microbatches[0]!.grads).map(([name, list]) => [
      name,
      list.map(
        (_, i) => microbatches.reduce((sum, { grads, targets = 1 }) => sum + targets * grads[name]![i]!, 0) / total,
      ),
    ]),
  );
};

const descend = async (optimizer: ReturnType<typeof sgd>, microbatches: readonly Microbatch[]) => {
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  const evaluate = () => tensors(numbers(9));
  for (const [i, { grads, targets }] of microbatches.entries()) {
    const measured = { grads: tensors(grads), evaluate, ...(targets !== undefined && { targets }) };
    ({ params, state } = optimizer.update(measured, state, params, progressAt(i)));
  }
  const values = await read(params);
  disposeMap(params);
  disposeState(state);
  return values;
};

const plain = () => sgd({ learningRate: 0.1, weightDecay: 0 });
const sizes = { batchSize: 3, microbatchSize: 1 };

describe.each([
  ["tfjs-core", undefined],
  ["in-place kernels", plainKernels],
] as const)("the mean of a batch, by %s", (_, kernels) => {
  it.each([
    ["accumulate", () => accumulate(plain(), { ...sizes, kernels })],
    [
      "accumulate over groups",
      () =>
        accumulate(groups([{ params: ["norm"], optimizer: plain() }, { optimizer: plain() }]), { ...sizes, kernels }),
    ],
    ["accumulate over clip", () => accumulate(clip(plain(), { maxNorm: 1e9, kernels }), { ...sizes, kernels })],
    ["progressiveBatch", () => progressiveBatch(plain(), { least: 3, theta: 1e9, kernels })],
    [
      "progressiveBatch over clip",
      () => progressiveBatch(clip(plain(), { maxNorm: 1e9 }), { least: 3, theta: 1e9, kernels }),
    ],
  ])("of %s is that of the whole batch, whatever the targets of its microbatches", async (_, make) => {
    const expected = await descend(plain(), [{ grads: meanOf(uneven) }]);
    expect(worstError(await descend(make(), uneven), listed(expected))).toBeLessThan(1e-6);
    const equal = uneven.map(({ grads }) => ({ grads }));
    expect(worstError(await descend(make(), equal), listed(expected))).toBeGreaterThan(1e-2);
  });

  it.each([0, 1, 2])("leaves out microbatch %d, which has no target and a mean that is NaN", async (at) => {
    const some = uneven.slice(0, 2);
    const empty = {
      grads: Object.fromEntries(Object.entries(numbers(7)).map(([name, list]) => [name, list.map(() => Number.NaN)])),
      targets: 0,
    };
    const expected = await descend(plain(), [{ grads: meanOf(some) }]);
    const found = await descend(accumulate(plain(), { ...sizes, kernels }), some.toSpliced(at, 0, empty));
    expect(worstError(found, listed(expected))).toBeLessThan(1e-6);
    const grown = progressiveBatch(plain(), { least: 2, theta: 1e9, kernels });
    expect(worstError(await descend(grown, some.toSpliced(at, 0, empty)), listed(expected))).toBeLessThan(1e-6);
  });

  it("is the same to the last bit if all microbatches have as many", async () => {
    const same = (targets?: number) =>
      uneven.map(({ grads }) => ({ grads, ...(targets !== undefined && { targets }) }));
    const make = () => accumulate(plain(), { ...sizes, kernels });
    expect(await descend(make(), same(17))).toEqual(await descend(make(), same()));
  });
});

it("skips a batch without a target", async () => {
  const nothing = uneven.map(({ grads }) => ({ grads, targets: 0 }));
  expect(worstError(await descend(accumulate(clip(plain()), sizes), nothing), numbers(1))).toBe(0);
});

it("tells the optimizer inside how many targets a mean is of", async () => {
  const seen: (number | undefined)[] = [];
  const watched = { ...plain() };
  const { update } = watched;
  watched.update = (gradients, ...rest) => {
    seen.push(asMeasured(gradients).targets);
    return update(gradients, ...rest);
  };
  await descend(accumulate(lossScaling(clip(watched), { initial: 1 }), sizes), uneven);
  await descend(sam(clip(watched)), uneven.slice(0, 1));
  await descend(
    accumulate(watched, sizes),
    uneven.map(({ grads }) => ({ grads })),
  );
  expect(seen).toEqual([44, 31, undefined]);
});

it("refuses a count that cannot be one, and one that is missing within a batch", async () => {
  const optimizer = () => accumulate(plain(), sizes);
  for (const targets of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    await expect(descend(optimizer(), [{ grads: numbers(2), targets }])).rejects.toThrow(
      'accumulate: expected "targets"',
    );
  await expect(descend(optimizer(), [uneven[0]!, { grads: numbers(2) }])).rejects.toThrow(
    'accumulate: expected "targets" with every microbatch of a batch or with none, got none after 31',
  );
});
