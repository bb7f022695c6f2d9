import { expect, it } from "vitest";
import { matchesName, wholeParts } from "../index.ts";

it.each([
  ["encoder.layers.1.attn.dense.weight", "layers.1", true],
  ["encoder.layers.10.attn.dense.weight", "layers.1", false],
  ["encoder.layers.11.attn.dense.weight", "encoder.layers.1", false],
  ["encoder.layers.21.attn.dense.weight", "1.attn", false],
  ["encoder.layers.10.norm1.weight", "layers.1", false],
  ["encoder.layers.10.norm1.weight", "norm", true],
  ["encoder.layers.1.norm1.weight", "1", true],
  ["encoder.layers.10.norm1.layers.1", "layers.1", true],
])("a piece of %s: %s, %s", (name, pattern, matches) => {
  expect(matchesName(name, [pattern])).toBe(matches);
});

it.each([
  ["encoder.layers.1.attn.dense.weight", "encoder.layers.1", true],
  ["encoder.layers.10.attn.dense.weight", "encoder.layers.1", false],
  ["encoder.layers.1.norm1.weight", "norm", false],
  ["encoder.layers.1.norm1.weight", "norm1.weight", true],
  ["encoder.layers.1.norm1.weight", "layers.1", true],
  ["encoderxlayers.1.norm1.weight", "encoder.layers", false],
  ["a.b", "a.b", true],
])("whole parts of %s: %s, %s", (name, parts, matches) => {
  expect(matchesName(name, [wholeParts(parts)])).toBe(matches);
});
