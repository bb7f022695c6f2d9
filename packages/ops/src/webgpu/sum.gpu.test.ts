import { add, type Scalar, scalar, square, sum, type Tensor, tensor, tidy, valueAndGrads } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { integers, uniform } from "../conformance-case.ts";
import { embedding } from "../embedding/embedding.ts";
import { linear } from "../linear/linear.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";

const tiers = (await testableTiers()).filter((tier) => tier === "float32");
if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

const values = (shape: number[], seed: number) => uniform(shape, seed).values as Float32Array;

describe.each(tiers)("sums, in tier %s", (tier) => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend({ tier });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  const expectValues = async (got: Tensor, wanted: number[]) => {
    const all = await got.data();
    expect(all.length).toBe(wanted.length);
    wanted.forEach((value, i) => void expect(all[i], `${i}`).toBeCloseTo(value, 5));
  };
  const keysOf = (body: () => void) => [...started!.backend.countTraffic(body).keys()];
  const idsOf = (count: number, vocab: number) => Int32Array.from(integers([count], vocab, 5).values);

  it.each([
    { hidden: 8, positions: [3, 8] },
    { hidden: 8, positions: [2, 3, 8] },
    { hidden: 7, positions: [3, 7] },
    { hidden: 7, positions: [7] },
  ])("looks rows of $hidden up and adds positions $positions at once", async ({ hidden, positions }) => {
    const ids = Int32Array.from([0, 3, 11, 3, 2, 99]); // the last is none of the table
    const [table, places] = [values([12, hidden], 1), values(positions, 2)];
    const before = started!.backend.numDataIds();
    const inputs = [tensor(ids, [2, 3], "int32"), tensor(table, [12, hidden]), tensor(places, positions)];
    let y: Tensor;
    const keys = keysOf(() => {
      y = tidy(() => add(embedding(inputs[0]!, inputs[1]!), inputs[2]!));
    });
    expect(keys).toEqual([expect.stringMatching(/^embedding\..*added/)]);
    const wanted = Array.from(
      { length: 6 * hidden },
      (_, i) => (table[ids[Math.floor(i / hidden)]! * hidden + (i % hidden)] ?? 0) + places[i % places.length]!,
    );
    await expectValues(y!, wanted);
    for (const one of [...inputs, y!]) one.dispose();
    expect(started!.backend.numDataIds()).toBe(before);
  });

  it.each([8, 7])("adds the gradients of a table of width %i that is used twice in one pass", async (hidden) => {
    const [count, vocab] = [150, 20];
    const ids = idsOf(count, vocab);
    const [table, x] = [values([vocab, hidden], 1), values([4, hidden], 2)];
    const before = started!.backend.numDataIds();
    const [idsTensor, tableTensor, xTensor] = [
      tensor(ids, [count], "int32"),
      tensor(table, [vocab, hidden]),
      tensor(x, [4, hidden]),
    ];
    let result: ReturnType<ReturnType<typeof valueAndGrads>>;
    const keys = keysOf(() => {
      const both = valueAndGrads((weight: Tensor) => {
        const rows = embedding(idsTensor, weight, { paddingId: 3 });
        return add(sum(square(rows)), sum(linear(xTensor, weight))) as Scalar;
      });
      result = both([tableTensor]);
    });
    expect(keys).toContainEqual(expect.stringMatching(/^scatter\.gather\..*added/));
    const wanted = Array.from({ length: vocab * hidden }, (_, i) => {
      const [row, column] = [Math.floor(i / hidden), i % hidden];
      const uses = row === 3 ? 0 : ids.filter((id) => id === row).length;
      return 2 * uses * table[i]! + [0, 1, 2, 3].reduce((total, r) => total + x[r * hidden + column]!, 0);
    });
    const [gradient] = result!.grads;
    const got = await gradient!.data();
    wanted.forEach((value, i) => void expect(got[i], `${i}`).toBeCloseTo(value, 3));
    for (const one of [idsTensor, tableTensor, xTensor, result!.value, gradient!]) one.dispose();
    expect(started!.backend.numDataIds()).toBe(before);
  });

  it("adds what is open to itself, to what is open too, to a number and to something larger", async () => {
    const ids = Int32Array.from([1, 0]);
    const table = [1, 2, 3, 4];
    const before = started!.backend.numDataIds();
    const sums = tidy(() => {
      const rows = () => embedding(tensor(ids, [2], "int32"), tensor(table, [2, 2]));
      const one = rows();
      return [
        add(one, one),
        add(rows(), rows()),
        add(rows(), scalar(1)),
        add(rows(), tensor([[[10, 20]], [[30, 40]]])),
      ];
    });
    await expectValues(sums[0]!, [6, 8, 2, 4]);
    await expectValues(sums[1]!, [6, 8, 2, 4]);
    await expectValues(sums[2]!, [4, 5, 2, 3]);
    await expectValues(sums[3]!, [13, 24, 11, 22, 33, 44, 31, 42]);
    for (const one of sums) one.dispose();
    expect(started!.backend.numDataIds()).toBe(before);
  });
});
