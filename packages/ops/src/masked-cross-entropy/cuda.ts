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
  const chosen = runtime.hostValues(inputs.positions!) as ArrayLike<number> | undefined;
  // As where a model has selected its rows before: then they are read where they are.
  const isEvery = count === total && chosen !== undefined && Array.from(chosen).every((row, i) => row === i);
  const chunks = Math.ceil(count / chunkRows);
  return { total, n, vocab, count, chunkRows, chunks, isEvery, half, bytes: half ? 2 : 4 };
};
type Plan = ReturnType<typeof planOf>;

/** Computes the logits of one chunk of rows after the other, and softmax - onehot if `gradient`. The mean loss. */
const forEachChunk = (call: CudaCall, plan: Plan, gradient: boolean, visit: (chunk: Chunk) => void): TensorInfo => {
  const { inputs, runtime, eachBlock, at } = call;
  const { n, vocab, count, chunkRows, half } = plan;
  const weight = inputs.weight!;
  const loss = runtime.output([]);
  const scratch = (bytes: number, body: (pointer: bigint) => void) => runtime.withScratch(bytes, body);
  scratch(count * 4, (losses) =>
    scratch(chunkRows * vocab * 4, (logits) =>
      scratch(gradient && half ? chunkRows * vocab * 2 : 4, (halves) => {
        const dlogits = half ? halves : logits;
        for (let start = 0, index = 0; start < count; start += chunkRows, index++) {
          const length = Math.min(chunkRows, count - start);
          withRows(call, plan, start, length, (rows) => {
            runtime.multiply({
              ...{ mixed: true, m: length, n: vocab, k: n, c: logits, bias: inputs.bias },
              a: { x: rows, across: n, along: 1 },
              b: { x: weight, across: n, along: 1 },
            });
            const mean = start + length === count ? runtime.pointer(loss) : 0n;
            eachBlock(`cross_entropy_${widthOf(vocab)}`, length, [
              ...[logits, at("targets") + BigInt(start * 4), losses, mean, runtime.blockCounter(), count, start],
              ...[gradient ? dlogits : 0n, vocab, Number(half)],
            ]);
            visit({ index, start, length, rows, dlogits });
          });
        }
      }),
    ),
  );
  return loss;
};

/** Calls `body` with the address of the selected rows of the hidden states. */
const withRows = (
  { inputs, runtime, each, at }: CudaCall,
  { total, n, half, bytes, isEvery }: Plan,
  start: number,
  length: number,
  body: (rows: bigint) => void,
): void => {
  const { hidden } = inputs as { hidden: TensorInfo };
  if (isEvery) {
    body((half ? runtime.half(hidden) : runtime.pointer(hidden)) + BigInt(start * n * bytes));
    return;
  }
  const from = runtime.form(hidden);
  const width = widthOf(n);
  runtime.withScratch(length * n * bytes, (rows) => {
    const numbers = [length * n, n, total, Number(from.half) + (half ? 2 : 0)];
    each(`gather_rows_${width}`, (length * n) / width, [
      ...[from.pointer, at("positions") + BigInt(start * 4), rows, ...numbers],
    ]);
    body(rows);
  });
};

const forward = /* @__PURE__ */ cudaKernel("CramkitMaskedCrossEntropy", (call) =>
  forEachChunk(call, planOf(call), false, () => {}),
);

const withGradients = /* @__PURE__ */ cudaKernel("CramkitMaskedCrossEntropyGrad", (call) => {
  const { inputs, runtime } = call;
  const plan = planOf(call);
  const { total, n, vocab, count, chunks, half, isEvery } = plan;
  const weight = inputs.weight!;
  const [dhidden, dweight] = [runtime.halfOutput([total, n]), runtime.output([vocab, n])];
  const dbias = inputs.bias ? runtime.output([vocab]) : undefined;
  const scale = 1 / count;
  // A chunk that is all of them writes the gradient where it is to be.
  const inPlace = isEvery && chunks === 1;
  const loss = runtime.withScratch(inPlace ? 4 : count * n * 4, (drows) =>
    runtime.withScratch(dbias ? chunks * vocab * 4 : 4, (sums) => {
      const loss = forEachChunk(call, plan, true, ({ index, start, length, rows, dlogits }) => {
        runtime.multiply({
          ...{ mixed: true, scale, m: length, n, k: vocab, c: inPlace ? dhidden : drows + BigInt(start * n * 4) },
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
      if (!inPlace) scatterRows(call, plan, drows, dhidden);
      return loss;
    }),
  );
  return [loss, dhidden, dweight, ...(dbias ? [dbias] : [])];
});

/** The gradients of the selected rows to where these are from, zeros elsewhere. */
const scatterRows = (
  { runtime, eachRow, at }: CudaCall,
  { total, n, count }: Plan,
  drows: bigint,
  dhidden: TensorInfo,
): void => {
  const to = runtime.form(dhidden);
  const args = [drows, at("positions"), 0n, to.pointer, total, n, count, -1, to.half ? 2 : 0];
  eachRow(`scatter_rows_${widthOf(n)}`, total, args);
};

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
