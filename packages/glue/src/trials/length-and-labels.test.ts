import { expect, it } from "vitest";
import { trainingBatches } from "./batches.ts";
import type { EncodedExamples } from "./encoded.ts";
import { changedProtocol, type Protocol, protocols } from "./protocol.ts";

/** 4,000 rows whose label is their length: the most that the two can have to do with each other. */
const data = (): EncodedExamples => {
  const lengths = Uint32Array.from({ length: 4000 }, (_, i) => 4 + ((i * 37) % 60));
  const starts = new Uint32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) starts[i + 1] = starts[i]! + length;
  const tokens = starts.at(-1)!;
  return { ids: new Int32Array(tokens), typeIds: new Int32Array(tokens), starts, labels: Float64Array.from(lengths) };
};

/** The variance of the label mean of a batch, over what it is by chance. */
const spreadOfLabels = (protocol: Protocol): number => {
  const encoded = data();
  const mean = encoded.labels.reduce((sum, label) => sum + label, 0) / encoded.labels.length;
  const variance = encoded.labels.reduce((sum, label) => sum + (label - mean) ** 2, 0) / encoded.labels.length;
  const means = [...trainingBatches(encoded, { protocol, seed: 1, padId: 0 })].map(
    ({ labels, size }) => labels.reduce((sum, label) => sum + label, 0) / size,
  );
  const between = means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / means.length;
  return between / (variance / protocol.batchSize);
};

it("draws the labels of a batch by chance in every protocol of the study, however they go with length", () => {
  for (const protocol of Object.values(protocols)) expect(Math.abs(spreadOfLabels(protocol) - 1)).toBeLessThan(0.15);
});

it("makes them alike where rows are sorted, which the protocol's name then says", () => {
  const sorted = changedProtocol(protocols.GLUE_sane, { sortedBatches: 50 });
  expect(sorted.name).toBe("GLUE_sane with sorted batches 50");
  expect(spreadOfLabels(sorted)).toBeGreaterThan(5);
});
