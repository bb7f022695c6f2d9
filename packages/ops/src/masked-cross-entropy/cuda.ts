import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type CudaCall, columnSums, cudaKernel, sizeOf, widthOf } from "../cuda/runtime.ts";

/** Logits that exist at a time: 256 MiB. */
const chunkElements = 2 ** 26;

interface Chunk {
  index: number;
  start: number;
  length: number;
  /** The selected hidden states `[length, n]`, and the gradient of the logits `[length, vocab]`: halves in mixed precision. */
  rows: bigint;
  dlogits: bigint;
}

const planOf = ({ inputs, attrs, runtime }: CudaCall) => {
  const [total, n] = inputs.hidden!.shape as [number, number];
  const [vocab, count] = [inputs.weight!.shape[0]!, inputs.positions!.shape[0]!];
  const chunkRows = Math.min(count, attrs.chunkRows || Math.max(128, Math.floor(chunkElements / vocab)));
  const half = runtime.precision === "mixed";
  return { total, n, vocab, count, chunkRows, chunks: Math.ceil(count / chunkRows), half, bytes: half ? 2 : 4 };
};

/** Computes the logits of one chunk of rows after the other, and softmax - onehot if `gradient`. The mean loss. */
const forEachChunk = (call: CudaCall, gradient: boolean, visit: (chunk: Chunk) => void): TensorInfo => {
  const { inputs, runtime, each, eachBlock, at } = call;
  const { total, n, vocab, count, chunkRows, half, bytes } = planOf(call);
  const weight = inputs.weight!;
  const loss = runtime.output([]);
  const scratch = (bytes: number, body: (pointer: bigint) => void) => runtime.withScratch(bytes, body);
  const hidden = runtime.form(inputs.hidden!);
  const [narrow, wide] = [widthOf(n), widthOf(vocab)];
  scratch(count * 4, (losses) =>
    scratch(chunkRows * n * bytes, (rows) =>
      scratch(chunkRows * vocab * 4, (logits) =>
        scratch(gradient && half ? chunkRows * vocab * 2 : 4, (halves) => {
          const dlogits = half ? halves : logits;
          for (let start = 0, index = 0; start < count; start += chunkRows, index++) {
            const length = Math.min(chunkRows, count - start);
            const from = BigInt(start * 4);
            const forms = Number(hidden.half) + (half ? 2 : 0);
            each(`gather_rows_${narrow}`, (length * n) / narrow, [
              ...[hidden.pointer, at("positions") + from, rows],
              ...[length * n, n, total, forms],
            ]);
            runtime.multiply({
              ...{ mixed: true, m: length, n: vocab, k: n, c: logits, bias: inputs.bias },
              a: { x: rows, across: n, along: 1 },
              b: { x: weight, across: n, along: 1 },
            });
            const targets = at("targets") + from;
            const to = gradient ? dlogits : 0n;
            eachBlock(`cross_entropy_${wide}`, length, [logits, targets, losses + from, to, vocab, Number(half)]);
            visit({ index, start, length, rows, dlogits });
          }
          // One block adds them all, so that the order is that of the rows.
          eachBlock("sum_of", 1, [losses, loss, count, 1 / count, 0], 1024);
        }),
      ),
    ),
  );
  return loss;
};

const forward = /* @__PURE__ */ cudaKernel("CramkitMaskedCrossEntropy", (call) => forEachChunk(call, false, () => {}));

const withGradients = /* @__PURE__ */ cudaKernel("CramkitMaskedCrossEntropyGrad", (call) => {
  const { inputs, runtime, eachRow, at } = call;
  const { total, n, vocab, count, chunks, half } = planOf(call);
  const weight = inputs.weight!;
  const [dhidden, dweight] = [runtime.halfOutput([total, n]), runtime.output([vocab, n])];
  const dbias = inputs.bias ? runtime.output([vocab]) : undefined;
  const scale = 1 / count;
  const loss = runtime.withScratch(count * n * 4, (drows) =>
    runtime.withScratch(dbias ? chunks * vocab * 4 : 4, (sums) => {
      const loss = forEachChunk(call, true, ({ index, start, length, rows, dlogits }) => {
        runtime.multiply({
          ...{ mixed: true, scale, m: length, n, k: vocab, c: drows + BigInt(start * n * 4) },
          a: { x: dlogits, across: vocab, along: 1 },
          b: { x: weight, across: 1, along: n },
        });
        runtime.multiply({
          ...{ mixed: true, scale, accumulate: index > 0, m: vocab, n, k: length, c: runtime.pointer(dweight) },
          a: { x: dlogits, across: 1, along: vocab },
          b: { x: rows, across: 1, along: n },
        });
        const to = sums + BigInt(index * vocab * 4);
        if (dbias) columnSums(call, { pointer: dlogits, half }, to, [length, vocab]);
      });
      if (dbias) columnSums(call, { pointer: sums, half: false }, runtime.pointer(dbias), [chunks, vocab], scale);
      const to = runtime.form(dhidden);
      const args = [drows, at("positions"), to.pointer, total, n, count, -1, 0, to.half ? 2 : 0];
      eachRow(`scatter_rows_${widthOf(n)}`, total, args);
      return loss;
    }),
  );
  return [loss, dhidden, dweight, ...(dbias ? [dbias] : [])];
});

/** factor x; if the host knows that the factor is 1, as where a loss is differentiated by itself, that is x. */
const scaled = /* @__PURE__ */ cudaKernel("CramkitScale", ({ inputs, runtime, each, at, forms }) => {
  const { x, factor } = inputs as { x: TensorInfo; factor: TensorInfo };
  if (runtime.hostValues(factor)?.[0] === 1) {
    runtime.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  }
  const n = sizeOf(x.shape);
  const y = runtime.form(x).half ? runtime.halfOutput(x.shape) : runtime.output(x.shape);
  const { pointers, halves } = forms(x, y);
  each(`scale_by_${widthOf(n)}`, n / widthOf(n), [pointers[0]!, at("factor"), pointers[1]!, n, halves]);
  return y;
});

export const maskedCrossEntropyCuda = [forward, withGradients, scaled];
