import { describe, expect, it } from "vitest";
import { type Measurement, rateOf } from "../measure/record.ts";
import { spread } from "../measure/timing.ts";
import { compare, comparisonText } from "./compare.ts";

const measured = (name: string, once: readonly number[], ms = [...once, ...once, ...once]): Measurement => ({
  ...{ kind: "measurement", suite: "ops", case: name, mode: "forward", provider: "cramkit", backend: "cpu" },
  ...{ precision: "float32", shape: "step", unit: "GFLOP/s", samples: ms.length, clock: "host", load: 0 },
  value: spread(ms.map((one) => rateOf("GFLOP/s", 1e9, one))),
  ms: spread(ms),
});

const verdicts = (before: Measurement[], after: Measurement[]) =>
  Object.fromEntries(compare(before, after).map(({ key, verdict }) => [key.split(" | ")[1], verdict]));

describe("compare", () => {
  it("calls a difference beyond both bands slower or faster", () => {
    const before = [measured("a", [10, 10.1, 10.2]), measured("b", [10, 10.1, 10.2])];
    const after = [measured("a", [12, 12.1, 12.2]), measured("b", [8, 8.1, 8.2])];
    expect(verdicts(before, after)).toEqual({ a: "slower", b: "faster" });
    expect(compare(before, after)[0]!.ratio).toBeCloseTo(10.1 / 12.1);
  });

  it("calls overlapping bands noise, however far the medians are apart", () => {
    expect(verdicts([measured("a", [10, 10, 20, 20, 20])], [measured("a", [10, 10, 10, 10, 20])])).toEqual({
      a: "noise",
    });
  });

  it("calls a difference that is smaller than the noise of either side noise", () => {
    expect(verdicts([measured("a", [10, 12, 14])], [measured("a", [15, 17, 19])])).toEqual({ a: "slower" });
    expect(verdicts([measured("a", [10, 14, 18])], [measured("a", [18.5, 19, 20])])).toEqual({ a: "noise" });
  });

  it("judges nothing by the three samples of the quick form", () => {
    const quick = (ms: number) => measured("a", [], [ms, ms, ms]);
    expect(verdicts([quick(1)], [quick(10)])).toEqual({ a: "noise" });
  });

  it("calls a difference below the threshold noise, however narrow the bands", () => {
    expect(verdicts([measured("a", [100, 100, 100])], [measured("a", [103, 103, 103])])).toEqual({ a: "noise" });
  });

  it("widens the band by what varies between runs of the same file", () => {
    const before = [measured("a", [10, 10, 10]), measured("a", [13, 13, 13])];
    expect(verdicts(before, [measured("a", [12, 12, 12])])).toEqual({ a: "noise" });
  });

  it("names what is new and what is missing, and lists the slower ones first", () => {
    const comparisons = compare(
      [measured("gone", [1, 1, 1]), measured("a", [1, 1, 1])],
      [measured("fresh", [1, 1, 1]), measured("a", [2, 2, 2])],
    );
    const lines = comparisonText(comparisons).split("\n");
    expect(lines[0]).toMatch(/^slower .*\| a \|/);
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["slower", "new", "missing"]);
  });
});
