import { fault } from "@cramkit/errors";
import { describe, expect, it } from "vitest";
import type { Result } from "./record.ts";
import { createContext, type SuiteOptions } from "./suite.ts";
import { interleave, spread } from "./timing.ts";

const options: SuiteOptions = { backend: "cpu", precision: "float32", shapes: [], quick: true, python: "python3" };

const measuring = () => {
  const results: Result[] = [];
  return { results, context: createContext("test", options, (result) => results.push(result)) };
};

describe("measure", () => {
  it("gives no time to what is wrong, and goes on with the rest", async () => {
    const { results, context } = measuring();
    await context.measure({
      case: "sum",
      unit: "ns",
      contestants: [
        { provider: "wrong", work: 1, run: () => {}, check: () => 0.5, tolerance: 0.1 },
        { provider: "not a number", work: 1, run: () => {}, check: () => Number.NaN, tolerance: 0.1 },
        { provider: "right", work: 1, run: () => {}, check: () => 0.05, tolerance: 0.1 },
      ],
    });
    expect(results.map(({ kind, ...rest }) => [kind, "provider" in rest && rest.provider])).toEqual([
      ["failure", "wrong"],
      ["failure", "not a number"],
      ["measurement", "right"],
    ]);
    expect(results[2]).toMatchObject({ error: 0.05, clock: "host" });
  });

  it("keeps what a contestant throws while it is timed as a failure", async () => {
    const { results, context } = measuring();
    const run = () => {
      throw new Error("out of luck");
    };
    await context.measure({ case: "sum", unit: "ns", contestants: [{ provider: "cramkit", work: 1, run }] });
    expect(results).toMatchObject([{ kind: "failure", message: "out of luck" }]);
  });

  it("ends the suite with a lost device", async () => {
    const { results, context } = measuring();
    const run = () => {
      throw fault({ code: "device-lost", place: "webgpu", problem: "the device was lost (gone)", remedy: "resume" });
    };
    const measured = context.measure({ case: "sum", unit: "ns", contestants: [{ provider: "cramkit", work: 1, run }] });
    await expect(measured).rejects.toThrow("device was lost");
    expect(results).toHaveLength(1);
  });
});

describe("interleave", () => {
  it("takes turns, each first in its turn, and repeats short calls until a sample is long enough", async () => {
    const order: string[] = [];
    const work = (name: string) => ({
      run: () => void order.push(name),
      deviceMs: async () => Math.sign(order.push(name)),
    });
    const times = await interleave([work("a"), work("b")], {
      ...{ samples: 4, sampleMs: 0, warmUpMs: 0, limitMs: 1000 },
      sync: async () => {},
    });
    expect(times).toEqual([
      { ms: [1, 1, 1, 1], clock: "device" },
      { ms: [1, 1, 1, 1], clock: "device" },
    ]);
    expect(order.slice(-8).join("")).toBe("abbaabba");
  });
});

it("interpolates percentiles", () => {
  expect(spread([5, 1, 3, 2, 4])).toEqual({ p20: 1.8, p50: 3, p80: 4.2 });
  expect(spread([7])).toEqual({ p20: 7, p50: 7, p80: 7 });
});
