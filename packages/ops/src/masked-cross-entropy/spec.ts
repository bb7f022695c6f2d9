import { integers, type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { maskedCrossEntropy } from "./masked-cross-entropy.ts";

const crossEntropyCase = (
  rows: number,
  n: number,
  vocab: number,
  count: number,
  bias: boolean,
  { chunkRows = 0, scale = 1 } = {},
): OpCase => ({
  name: `${count} of [${rows}, ${n}], vocabulary ${vocab}${bias ? " + bias" : ""}${chunkRows ? `, chunks of ${chunkRows}` : ""}${scale === 1 ? "" : `, x ${scale}`}`,
  inputs: {
    hidden: uniform([rows, n], 1, scale),
    weight: uniform([vocab, n], 2),
    ...(bias ? { bias: uniform([vocab], 3) } : {}),
    positions: integers([count], 4, rows),
    targets: integers([count], 5, vocab),
  },
  run: ({ hidden, weight, bias, positions, targets }) =>
    maskedCrossEntropy(hidden!, weight!, bias, positions!, targets!, chunkRows ? { chunkRows } : {}),
  truth: ({ hidden, weight, bias, positions, targets }) => {
    let total = 0;
    for (let i = 0; i < count; i++) {
      const logits = new Float64Array(vocab);
      for (let v = 0; v < vocab; v++) {
        let sum = bias?.[v] ?? 0;
        for (let k = 0; k < n; k++) sum += hidden![positions![i]! * n + k]! * weight![v * n + k]!;
        logits[v] = sum;
      }
      const top = logits.reduce((a, b) => Math.max(a, b));
      const lse = top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
      total += (lse - logits[targets![i]!]!) / count;
    }
    return Float64Array.of(total);
  },
  tolerance: 2e-5,
});

export const maskedCrossEntropySpec: OpSpec = {
  op: "maskedCrossEntropy",
  kernels: ["CramkitMaskedCrossEntropy", "CramkitMaskedCrossEntropyGrad"],
  cases: [
    crossEntropyCase(1, 1, 3, 1, false),
    crossEntropyCase(7, 3, 23, 3, true),
    crossEntropyCase(23, 16, 129, 7, false, { chunkRows: 3 }),
    crossEntropyCase(64, 23, 100, 23, true, { chunkRows: 7 }),
    crossEntropyCase(100, 7, 1003, 23, true),
    crossEntropyCase(7, 3, 23, 0, true),
    crossEntropyCase(23, 32, 129, 7, true, { scale: 30 }),
  ],
};
