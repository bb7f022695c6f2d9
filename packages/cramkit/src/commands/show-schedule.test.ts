import { recipes } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { showSchedule } from "./show-schedule.ts";

it.each([40, 80])("draws the learning rate within %i columns", (columns) => {
  const [, ...plot] = showSchedule(recipes["crammed-bert"](), columns).split("\n");
  expect(plot.length).toBeGreaterThan(6);
  const widest = Math.max(...plot.map((line) => line.length));
  expect(widest).toBeLessThanOrEqual(columns);
  expect(widest).toBeGreaterThan(columns - 16);
});
