import "@tensorflow/tfjs-backend-cpu";
import { matMul, tensor2d } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { inverseRootReference } from "../testing/float64-matrices.testing.ts";
import { noise } from "../testing/numbers.testing.ts";
import { inverseRoot } from "./inverse-root.ts";

const gram = (rows: number, columns: number, scale: number) => {
  const g = tensor2d(
    Float32Array.from({ length: rows * columns }, (_, i) => scale * noise(3, i)),
    [rows, columns],
  );
  return matMul(g, g, false, true);
};

it.each([
  { name: "full rank", a: () => gram(6, 24, 1), ridge: 1e-6, tolerance: 1e-4 },
  { name: "small values", a: () => gram(6, 24, 1e-4), ridge: 1e-6, tolerance: 1e-4 },
  { name: "large values", a: () => gram(6, 24, 1e4), ridge: 1e-6, tolerance: 1e-4 },
  { name: "values whose squares vanish in float32", a: () => gram(6, 24, 1e-13), ridge: 1e-6, tolerance: 1e-4 },
  { name: "values whose squares overflow in float32", a: () => gram(6, 24, 1e14), ridge: 1e-6, tolerance: 1e-4 },
  { name: "a rank of 2 of 8", a: () => gram(8, 2, 1), ridge: 1e-4, tolerance: 1e-2 },
  { name: "one row", a: () => gram(1, 5, 1), ridge: 1e-6, tolerance: 1e-5 },
])("inverts the root of a matrix of $name", async ({ a, ridge, tolerance }) => {
  for (const power of [2, 4] as const) {
    const matrix = a();
    const expected = inverseRootReference((await matrix.array()) as number[][], power, ridge).flat();
    const actual = await inverseRoot(matrix, power, ridge).data();
    const size = Math.hypot(...expected);
    const error = Math.hypot(...expected.map((x, i) => x - actual[i]!));
    expect(error / size, `power ${power}`).toBeLessThan(tolerance);
  }
});

it("is finite for a matrix of zeros", async () => {
  const values = await inverseRoot(tensor2d([0, 0, 0, 0], [2, 2]), 4, 1e-6).data();
  expect([...values].every(Number.isFinite)).toBe(true);
});
