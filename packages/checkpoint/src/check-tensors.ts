import { fault } from "@cramkit/errors";
import { formatShape } from "./tensor-entry.ts";

interface NamedShape {
  name: string;
  shape: readonly number[];
}

/** How a set of tensors differs from the expected one. */
export interface TensorDifferences {
  missing: NamedShape[];
  extra: NamedShape[];
  misshapen: { name: string; expected: readonly number[]; found: readonly number[] }[];
}

/** Compare names and shapes; the data is not looked at. */
export const compareTensors = (expected: Iterable<NamedShape>, found: Iterable<NamedShape>): TensorDifferences => {
  const shapes = new Map([...found].map((tensor) => [tensor.name, tensor]));
  const differences: TensorDifferences = { missing: [], extra: [], misshapen: [] };
  for (const { name, shape } of expected) {
    const tensor = shapes.get(name);
    shapes.delete(name);
    if (!tensor) differences.missing.push({ name, shape });
    else if (formatShape(tensor.shape) !== formatShape(shape)) {
      differences.misshapen.push({ name, expected: shape, found: tensor.shape });
    }
  }
  differences.extra.push(...[...shapes.values()].map(({ name, shape }) => ({ name, shape })));
  return differences;
};

/**
 * Check that `found` has exactly the expected tensors.
 *
 * @param what names the checkpoint in the error
 * @throws RangeError listing every missing, extra and misshapen tensor with the expected and the found shape
 */
export const requireTensors = (
  expected: Iterable<NamedShape>,
  found: Iterable<NamedShape>,
  what = "the checkpoint",
): void => {
  const { missing, extra, misshapen } = compareTensors(expected, found);
  const lines = [
    ...missing.map(({ name, shape }) => `missing ${name}: expected ${formatShape(shape)}`),
    ...extra.map(({ name, shape }) => `extra ${name}: found ${formatShape(shape)}`),
    ...misshapen.map(
      (one) => `misshapen ${one.name}: expected ${formatShape(one.expected)}, found ${formatShape(one.found)}`,
    ),
  ];
  if (lines.length > 0) {
    throw fault({
      code: "invalid-argument",
      place: "requireTensors",
      problem: `expected the tensors of the model in ${what}, got ${lines.length} that differ; is the configuration that of this checkpoint?\n  ${lines.join("\n  ")}`,
      details: { differences: lines },
      type: RangeError,
    });
  }
};
