import {
  add,
  cast,
  concat,
  exp,
  expandDims,
  gather,
  logSumExp,
  matMul,
  mul,
  oneHot,
  scalar,
  scatterND,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  tidy,
  zeros,
} from "@tensorflow/tfjs-core";
import { checkIds } from "../check.ts";

export interface MaskedCrossEntropyInputs {
  hidden: Tensor; // [rows, n]
  weight: Tensor; // [vocab, n]
  bias: Tensor | undefined; // [vocab]
  positions: Tensor; // int32 [count]
  targets: Tensor; // int32 [count]
}

const defaultChunkRows = 256;

/** The chunks of the selection as [start, length]. */
const chunks = (count: number, chunkRows: number): [number, number][] => {
  const rows = chunkRows || defaultChunkRows;
  return Array.from({ length: Math.ceil(count / rows) }, (_, i) => [i * rows, Math.min(rows, count - i * rows)]);
};

/** Rows, logits, log sum exp and one-hot targets of one chunk. */
const chunkOf = (inputs: MaskedCrossEntropyInputs, [start, length]: [number, number]) => {
  const { hidden, weight, bias } = inputs;
  const positions = slice(inputs.positions as Tensor1D, start, length);
  const targets = slice(inputs.targets as Tensor1D, start, length);
  const rows = gather(hidden, positions); // [length, n]
  const product = matMul(rows, weight, false, true);
  const logits = bias ? add(product, bias) : product; // [length, vocab]
  const lse = logSumExp(logits, 1, true); // [length, 1]
  // tfjs-backend-wasm's oneHot writes integers whatever type it is asked for.
  const picked = cast(oneHot(targets, weight.shape[0]!), "float32");
  return { rows, logits, lse, picked, loss: sub(sum(lse), sum(mul(logits, picked))) };
};

const checkInputs = ({ hidden, weight, positions, targets }: MaskedCrossEntropyInputs): void => {
  checkIds("maskedCrossEntropy", "positions", positions, hidden.shape[0]!);
  checkIds("maskedCrossEntropy", "targets", targets, weight.shape[0]!);
};

/** mean of log sum exp(logits) - logits[target] */
export const maskedCrossEntropyReference = (inputs: MaskedCrossEntropyInputs, chunkRows: number): Tensor => {
  checkInputs(inputs);
  const count = inputs.positions.size;
  let total: Tensor = scalar(0);
  for (const chunk of chunks(count, chunkRows)) total = tidy(() => add(total, chunkOf(inputs, chunk).loss));
  return mul(total, 1 / count);
};

/** With d = (softmax(logits) - onehot) / count: drow = d W, dW = d^T rows, dbias = the sum of d over the rows. */
export const maskedCrossEntropyGradReference = (
  inputs: MaskedCrossEntropyInputs,
  chunkRows: number,
): [Tensor, Tensor, Tensor, Tensor] => {
  checkInputs(inputs);
  const { hidden, weight, positions } = inputs;
  const count = positions.size;
  let total: Tensor = scalar(0);
  let dweight: Tensor = zeros(weight.shape);
  let dbias: Tensor = zeros([weight.shape[0]!]);
  const drows: Tensor[] = [];
  for (const chunk of chunks(count, chunkRows)) {
    const next = tidy(() => {
      const { rows, logits, lse, picked, loss } = chunkOf(inputs, chunk);
      const d = mul(sub(exp(sub(logits, lse)), picked), 1 / count); // [length, vocab]
      return [
        add(total, loss),
        add(dweight, matMul(d, rows, true, false)),
        add(dbias, sum(d, 0)),
        matMul(d, weight),
      ] as const;
    }) as unknown as [Tensor, Tensor, Tensor, Tensor];
    for (const old of [total, dweight, dbias]) old.dispose();
    [total, dweight, dbias] = next;
    drows.push(next[3]);
  }
  const dhidden = scatterND(expandDims(positions, 1), concat(drows as [Tensor, ...Tensor[]], 0), hidden.shape);
  return [mul(total, 1 / count), dhidden, dweight, dbias];
};
