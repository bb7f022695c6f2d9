import { expect, it } from "vitest";
import { type ChartData, chartsOf } from "./charts.ts";

const run = (name: string, loss: (number | null)[], more = {}): ChartData["runs"][number] => ({
  name,
  tokens: [100, 200, null, 400],
  minutes: [60, 120, 180, 240],
  flops: [1e9, 2e9, 3e9, 4e9],
  loss,
  ...more,
});
const charts: ChartData["charts"] = [
  { title: "Loss", column: "loss", averaged: true, measured: "heldOutLoss", wide: true },
  { title: "Rate", column: "rate" },
];
const style = (name: string) => name;

it("draws a thin and a thick line of what is averaged, and what is held out, of one run", () => {
  const data = { charts, runs: [run("one", [4, 3, 2, 1], { heldOutLoss: [null, 3.5, null, 1.5] })] };
  const [loss, ...rest] = chartsOf(data, "minutes", style);
  expect(rest).toEqual([]); // no run has a rate
  expect(loss).toMatchObject({ title: "Loss", wide: true, unit: "hours" });
  expect(loss!.lines.map(({ label, raw }) => [label, raw])).toEqual([
    ["hours", undefined],
    [undefined, true],
    ["training", undefined],
    ["held out", undefined],
  ]);
  expect(loss!.tables[0]).toEqual([
    [1, 2, 3, 4],
    [4, 3, 2, 1],
  ]);
  expect(loss!.tables[2]).toEqual([
    [2, 4],
    [3.5, 1.5],
  ]);
});

it("names the runs when there are several, and leaves out what has no place on the axis", () => {
  const data = {
    charts,
    runs: [run("one", [4, 3, 2, 1], { heldOutLoss: [5, null, null, null] }), run("two", [8, 7, 6, null])],
  };
  const [loss] = chartsOf(data, "tokens", style);
  expect(loss!.lines.map(({ label }) => label)).toEqual([
    "tokens",
    undefined,
    "one",
    "one, held out",
    undefined,
    "two",
  ]);
  expect(loss!.tables.at(-1)![0]).toEqual([100, 200]);
});

it("shows the second half of several runs again, and keeps runs of one variant in one colour", () => {
  const data = {
    charts,
    runs: [0, 0, 7].map((group, i) => ({ ...run(`run ${i}`, [4, 3, 2, 1]), group })),
  };
  const [whole, half, ...rest] = chartsOf(data, "minutes", style);
  expect(rest).toEqual([]);
  expect(half!.title).toBe("Loss, second half");
  expect(whole!.tables[0]![0]).toEqual([1, 2, 3, 4]);
  expect(half!.tables[0]![0]).toEqual([2, 3, 4]);
  const thick = half!.lines.filter(({ label, raw }) => !raw && label?.toString().startsWith("run"));
  expect(thick.map(({ stroke }) => stroke)).toEqual(["--run-0", "--run-0", expect.stringMatching(/^#/)]);
});
