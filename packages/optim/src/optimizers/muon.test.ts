import "@tensorflow/tfjs-backend-cpu";
import { tensor } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { type OrthogonalizeMethod, orthogonalize } from "../index.ts";
import { progressAt } from "../testing/numbers.testing.ts";

/** What becomes of singular values: a diagonal matrix keeps its directions. */
const singularValues = async (values: number[], method: OrthogonalizeMethod, iterations = 5) => {
  const size = values.length;
  const diagonal = Float32Array.from({ length: size * size }, (_, i) =>
    i % (size + 1) === 0 ? values[i / (size + 1)]! : 0,
  );
  const matrix = { w: tensor(diagonal, [size, size]) };
  const transformation = orthogonalize({ method, iterations });
  const { updates } = transformation.update(matrix, transformation.init(matrix), matrix, progressAt(0));
  const found = (await updates.w!.array()) as number[][];
  updates.w!.dispose();
  return found.map((row, i) => row[i]!);
};

const spread = [1, 0.5, 0.2, 0.1, 0.05, 0.02];

it("brings singular values near 1, and by the polar express nearer", async () => {
  const distance = async (method: OrthogonalizeMethod) =>
    Math.max(...(await singularValues(spread, method)).map((value) => Math.abs(value - 1)));
  expect(await distance("newton-schulz")).toBeLessThan(0.35);
  expect(await distance("polar-express")).toBeLessThan(0.15);
});

it("repeats the last iteration of the polar express beyond its five", async () => {
  for (const value of await singularValues(spread, "polar-express", 8)) expect(value).toBeCloseTo(1, 0);
});

it("refuses a method that it does not know", () => {
  expect(() => orthogonalize({ method: "svd" as "newton-schulz" })).toThrow(
    'orthogonalize: expected "method" to be one of newton-schulz, polar-express, got svd',
  );
});
