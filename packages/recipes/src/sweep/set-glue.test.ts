import { expect, it } from "vitest";
import { isGlueSetting, setGlue } from "./set-glue.ts";
import { parseSweep } from "./sweep.ts";

const sweep = parseSweep({ name: "one", recipe: "smoke" }, "sweep");

it("finetunes by other settings, and keeps those that were there", () => {
  const first = setGlue(sweep, ['glue.data="17"', "glue.learningRate=4e-4", 'glue.tasks=["sst2","mnli"]']);
  expect(first.glue).toMatchObject({ data: "17", learningRate: 4e-4, tasks: ["sst2", "mnli"], protocol: "GLUE_sane" });
  expect(setGlue(first, ["glue.data=a=b"]).glue).toEqual({ ...first.glue, data: "a=b" });
  expect(setGlue(sweep, [])).toBe(sweep);
});

it.each([
  [["glue.epochs=2"], /^--set glue\.epochs=2: nothing is finetuned without GLUE's data; set glue\.data=FOLDER/],
  [["glue.data=glue", "glue.epochs"], /^--set: expected KEY=VALUE, .* got "glue\.epochs"$/],
  [["glue.data=glue", "glue.task=sst2"], /^--set: glue: there is no setting task \(available: tasks/],
  [["glue.data=glue", "glue.tasks=sst2"], /^--set: glue\.tasks: expected array, got "sst2"$/],
  [["glue.data=glue", "glue.learningRate=0"], /^--set: glue\.learningRate: expected number to be >0, got 0$/],
])("refuses %j", (settings, message) => {
  expect(() => setGlue(sweep, settings)).toThrow(message);
});

it("tells them from settings of the recipe", () => {
  expect(["glue.trials=1", "training.dropout=0", "gluey=1"].filter(isGlueSetting)).toEqual(["glue.trials=1"]);
});
