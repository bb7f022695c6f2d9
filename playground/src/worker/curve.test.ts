import { expect, it } from "vitest";
import { addLoss, emptyCurve } from "./curve.ts";

it("keeps every loss of a short run, and means of a long one in at most 400 points", () => {
  const curve = emptyCurve();
  for (let step = 1; step <= 300; step++) addLoss(curve, { step, loss: step });
  expect(curve.points).toHaveLength(300);
  expect(curve.points[6]).toEqual({ step: 7, loss: 7 });
  for (let step = 301; step <= 10_000; step++) addLoss(curve, { step, loss: step });
  expect(curve.points.length).toBeLessThanOrEqual(400);
  expect(curve.points.length).toBeGreaterThanOrEqual(200);
  expect(curve.every).toBe(32);
  // The point of steps 1 to 32.
  expect(curve.points[0]).toEqual({ step: 32, loss: 16.5 });
});
