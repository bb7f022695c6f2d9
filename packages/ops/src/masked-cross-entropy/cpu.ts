import { checkIdValues } from "../check.ts";
import { type CpuCall, columnSums, cpuKernel, rowsPerTask } from "../cpu/runtime.ts";

/** Logits that exist at a time: 8 MiB, which the caches of today's machines hold. */
const chunkElements = 2 ** 21;

interface Chunk {
  /** First selected row and number of rows. */
  start: number;
  length: number;
  /** Addresses: the selected hidden states `[length, n]` and the logits `[length, vocab]`. */
  rows: number;
  logits: number;
}

/**
 * Computes the logits of one chunk of rows after the other and calls `visit` for each, with the logits turned into
 * (softmax - onehot) / count if `gradient`. Returns the mean loss.
 */
const forEachChunk = (call: CpuCall, gradient: boolean, visit: (chunk: Chunk) => void): number => {
  const { inputs, attrs, runtime, run, at } = call;
  const [total, n] = inputs.hidden!.shape as [number, number];
  const vocab = inputs.weight!.shape[0]!;
  const count = inputs.positions!.shape[0]!;
  checkIdValues("maskedCrossEntropy", "positions", runtime.view(inputs.positions!), total);
  checkIdValues("maskedCrossEntropy", "targets", runtime.view(inputs.targets!), vocab);
  const chunkRows = Math.min(count, attrs.chunkRows || Math.max(96, Math.floor(chunkElements / vocab)));
  const bytes = { rows: chunkRows * n * 4, logits: chunkRows * vocab * 4, losses: count * 4 };
  return runtime.withScratch(bytes.rows + bytes.logits + bytes.losses + 128, (scratch) => {
    const losses = scratch;
    const rows = align(losses + bytes.losses);
    const logits = align(rows + bytes.rows);
    for (let start = 0; start < count; start += chunkRows) {
      const length = Math.min(chunkRows, count - start);
      const perGather = rowsPerTask(n);
      const gather = [at("hidden"), at("positions") + start * 4, rows, length, n * 4, perGather];
      run("gatherTask", Math.ceil(length / perGather), gather);
      runtime.gemm({
        mixed: true,
        ...{ m: length, n: vocab, k: n },
        a: { address: rows, across: n, along: 1 },
        b: { address: at("weight"), across: n, along: 1 },
        c: logits,
        bias: at("bias"),
      });
      const perLoss = rowsPerTask(vocab);
      const loss = [logits, at("targets") + start * 4, losses + start * 4, length, vocab, gradient ? 1 : 0, perLoss];
      run("crossEntropyTask", Math.ceil(length / perLoss), loss, [1 / count]);
      visit({ start, length, rows, logits });
    }
    const values = runtime.floats(losses, count);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[i]!;
    return sum / count;
  });
};

const align = (address: number): number => Math.ceil(address / 64) * 64;

/** A scalar tensor. */
const scalarOf = ({ runtime }: CpuCall, value: number) => {
  const scalar = runtime.output([]);
  runtime.floats(runtime.address(scalar), 1)[0] = value;
  return scalar;
};

const forward = /* @__PURE__ */ cpuKernel("CramkitMaskedCrossEntropy", (call) =>
  scalarOf(
    call,
    forEachChunk(call, false, () => {}),
  ),
);

const withGradients = /* @__PURE__ */ cpuKernel("CramkitMaskedCrossEntropyGrad", (call) => {
  const { inputs, runtime, run, at } = call;
  const [total, n] = inputs.hidden!.shape as [number, number];
  const vocab = inputs.weight!.shape[0]!;
  const count = inputs.positions!.shape[0]!;
  const [dhidden, dweight, dbias] = [runtime.output([total, n]), runtime.output([vocab, n]), runtime.output([vocab])];
  const biased = inputs.bias !== undefined;
  // drows [count, n] of all chunks, and dbias of each chunk beside their sum.
  const loss = runtime.withScratch(count * n * 4 + 2 * vocab * 4, (drows) => {
    const sums = drows + count * n * 4;
    let first = true;
    const mean = forEachChunk(call, true, ({ start, length, rows, logits }) => {
      runtime.gemm({
        mixed: true,
        ...{ m: length, n, k: vocab },
        a: { address: logits, across: vocab, along: 1 },
        b: { address: at("weight"), across: 1, along: n },
        c: drows + start * n * 4,
      });
      runtime.gemm({
        mixed: true,
        ...{ m: vocab, n, k: length },
        a: { address: logits, across: 1, along: vocab },
        b: { address: rows, across: 1, along: n },
        c: runtime.address(dweight),
        accumulate: !first,
      });
      if (biased) {
        columnSums(call, logits, first ? sums : sums + vocab * 4, length, vocab);
        if (!first) run("accumulateTask", Math.ceil(vocab / 16384), [sums, sums + vocab * 4, vocab], [1]);
      }
      first = false;
    });
    const perTask = Math.ceil(total / 16);
    const scatter = [drows, at("positions"), runtime.address(dhidden), count, n, total, perTask, -1];
    run("scatterTask", Math.ceil(total / perTask), scatter);
    if (biased) runtime.floats(runtime.address(dbias), vocab).set(runtime.floats(sums, vocab));
    return mean;
  });
  return [scalarOf(call, loss), dhidden, dweight, dbias];
});

export const maskedCrossEntropyCpu = [forward, withGradients];
