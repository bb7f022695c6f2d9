import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type CudaCall, columnSums, cudaKernel } from "../cuda/runtime.ts";

/** Logits that exist at a time: 256 MiB. */
const chunkElements = 2 ** 26;

interface Chunk {
  index: number;
  start: number;
  length: number;
  /** The selected hidden states `[length, n]`, and the logits `[length, vocab]`. */
  rows: bigint;
  logits: bigint;
}

const planOf = ({ inputs, attrs }: CudaCall) => {
  const [total, n] = inputs.hidden!.shape as [number, number];
  const [vocab, count] = [inputs.weight!.shape[0]!, inputs.positions!.shape[0]!];
  const chunkRows = Math.min(count, attrs.chunkRows || Math.max(128, Math.floor(chunkElements / vocab)));
  return { total, n, vocab, count, chunkRows, chunks: Math.ceil(count / chunkRows) };
};

/** Computes the logits of one chunk of rows after the other, with `gradient` turned into softmax - onehot. The mean loss. */
const forEachChunk = (call: CudaCall, gradient: boolean, visit: (chunk: Chunk) => void): TensorInfo => {
  const { inputs, runtime, each, eachRow, at } = call;
  const { total, n, vocab, count, chunkRows } = planOf(call);
  const weight = inputs.weight!;
  const loss = runtime.output([]);
  const scratch = (bytes: number, body: (pointer: bigint) => void) => runtime.withScratch(bytes, body);
  scratch(count * 4, (losses) =>
    scratch(chunkRows * n * 4, (rows) =>
      scratch(chunkRows * vocab * 4, (logits) => {
        for (let start = 0, index = 0; start < count; start += chunkRows, index++) {
          const length = Math.min(chunkRows, count - start);
          const from = BigInt(start * 4);
          each("gather_rows", length * n, [at("hidden"), at("positions") + from, rows, length * n, n, total]);
          runtime.multiply({
            ...{ mixed: true, m: length, n: vocab, k: n, c: logits, bias: inputs.bias },
            a: { x: rows, across: n, along: 1 },
            b: { x: weight, across: n, along: 1 },
          });
          const targets = at("targets") + from;
          eachRow("cross_entropy", length, [logits, targets, losses + from, length, vocab, Number(gradient)]);
          visit({ index, start, length, rows, logits });
        }
        // One warp adds them all, so that the order is that of the rows.
        eachRow("sum_of", 1, [losses, loss, count, 1 / count]);
      }),
    ),
  );
  return loss;
};

const forward = /* @__PURE__ */ cudaKernel("CramkitMaskedCrossEntropy", (call) => forEachChunk(call, false, () => {}));

const withGradients = /* @__PURE__ */ cudaKernel("CramkitMaskedCrossEntropyGrad", (call) => {
  const { inputs, runtime, eachRow, at } = call;
  const { total, n, vocab, count, chunks } = planOf(call);
  const weight = inputs.weight!;
  const [dhidden, dweight] = [runtime.output([total, n]), runtime.output([vocab, n])];
  const dbias = inputs.bias ? runtime.output([vocab]) : undefined;
  const scale = 1 / count;
  const loss = runtime.withScratch(count * n * 4, (drows) =>
    runtime.withScratch(dbias ? chunks * vocab * 4 : 4, (sums) => {
      const loss = forEachChunk(call, true, ({ index, start, length, rows, logits }) => {
        runtime.multiply({
          ...{ mixed: true, scale, m: length, n, k: vocab, c: drows + BigInt(start * n * 4) },
          a: { x: logits, across: vocab, along: 1 },
          b: { x: weight, across: 1, along: n },
        });
        runtime.multiply({
          ...{ mixed: true, scale, accumulate: index > 0, m: vocab, n, k: length, c: dweight },
          a: { x: logits, across: 1, along: vocab },
          b: { x: rows, across: 1, along: n },
        });
        if (dbias) columnSums(call, logits, sums + BigInt(index * vocab * 4), [length, vocab]);
      });
      if (dbias) columnSums(call, sums, runtime.pointer(dbias), [chunks, vocab], scale);
      eachRow("scatter_rows", total, [drows, at("positions"), dhidden, total, n, count, -1, 1]);
      return loss;
    }),
  );
  return [loss, dhidden, dweight, ...(dbias ? [dbias] : [])];
});

export const maskedCrossEntropyCuda = [forward, withGradients];
