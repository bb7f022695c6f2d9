import type { TensorInfo } from "@tensorflow/tfjs-core";
import { compiled } from "./compiled.generated.ts";
import { postponing } from "./postponed.ts";
import { type CudaCall, dropoutStruct, sizeOf, widthOf } from "./runtime.ts";

const noDropout = { rate: 0, key0: 0, key1: 0 };

interface NormForward {
  layer: boolean;
  epsilon: number;
  y: TensorInfo;
  /** Where the sum with the branch goes. @defaultValue nothing is added */
  sum?: TensorInfo;
  /** Addresses of the statistics; a mean of 0n is not kept. */
  mean: bigint;
  rstd: bigint;
}

/** A norm of x, or of x + dropout(branch). */
export const normForward = ({ inputs, attrs, runtime, at, forms, eachRow }: CudaCall, norm: NormForward): void => {
  const { layer, epsilon, y, sum, mean, rstd } = norm;
  const n = inputs.weight!.shape[0]!;
  const rows = sizeOf(inputs.x!.shape) / n;
  const dropout = dropoutStruct(runtime, sum ? attrs : noDropout);
  const { pointers, halves } = forms(inputs.x, inputs.branch, y);
  const [x, branch, to] = pointers as [bigint, bigint, bigint];
  const tensors = [x, branch, at("weight"), at("bias"), sum ?? 0n, to, mean, rstd];
  eachRow(`norm_forward_${widthOf(n)}`, rows, [...tensors, rows, n, Number(layer), epsilon, halves, dropout]);
};

interface NormGrad {
  /** The name of what was normed. */
  x: string;
  layer: boolean;
  mean: bigint;
  rstd: bigint;
  /** Whether dropout(dx) is computed too. @defaultValue `false` */
  dropped?: boolean;
}

/** Of NormSums in norm.cu: what norm_backward left, [2, parts, n], and the bias's gradient if there is one. */
interface Parts {
  partial: TensorInfo;
  n: number;
  parts: number;
}

const columnsPerBlock = 256;
const entryWords = 10;

/** The sums of the norms of a whole model in one launch. */
const sumTogether = /* @__PURE__ */ postponing<Parts>({
  most: 256,
  run: (runtime, all) => {
    const words = new Int32Array(all.length * entryWords);
    const pointers = new BigUint64Array(words.buffer);
    let [blocks, listed] = [0, 0];
    for (const [i, { results, details }] of all.entries()) {
      const { partial, n, parts } = details;
      const [weight, bias] = results;
      const addresses = [partial, weight, bias].map((tensor) => (tensor ? runtime.pointer(tensor) : 0n));
      pointers.set(addresses, (i * entryWords) / 2);
      words.set([n, parts, blocks], i * entryWords + 6);
      blocks += Math.ceil(n / columnsPerBlock);
      listed += (parts + 1) * n * 4 * results.length;
    }
    runtime.withList(words, (list) =>
      runtime.launch(compiled, "norm_sums", { grid: [blocks], block: columnsPerBlock, listed }, [list, all.length]),
    );
  },
});

/**
 * [dx, dweight, dbias of a layer norm, dropout(dx) if it is wanted]; the input `dsum`, if there is one, is added to dx. In mixed precision dx
 * is left as halves: it goes into products, and on along the residual stream to the next of these sums, which are float32.
 */
export const normGrad = (call: CudaCall, norm: NormGrad): TensorInfo[] => {
  const { inputs, attrs, runtime, at, forms } = call;
  const { x, layer, mean, rstd, dropped = false } = norm;
  const { shape } = inputs[x]!;
  const n = inputs.weight!.shape[0]!;
  const rows = sizeOf(shape) / n;
  const perPart = Math.max(16, Math.ceil(rows / 256));
  const parts = Math.ceil(rows / perPart);
  const dx = runtime.halfOutput(shape);
  const dbranch = dropped ? runtime.halfOutput(shape) : undefined;
  const partial = runtime.output([layer ? 2 : 1, parts, n]);
  const { pointers, halves } = forms(inputs.dy, inputs[x], inputs.dsum, dbranch, dx);
  const [dy, from, upstream, branch, to] = pointers as [bigint, bigint, bigint, bigint, bigint];
  runtime.launch(compiled, `norm_backward_${widthOf(n)}`, { grid: [parts] }, [
    ...[dy, from, at("weight"), mean, rstd, upstream, to, branch],
    ...[runtime.pointer(partial), rows, n, perPart, Number(layer), halves],
    dropoutStruct(runtime, dropped ? attrs : noDropout),
  ]);
  const details = { partial, n, parts };
  const sums = sumTogether(runtime, { operands: [partial], details, shapes: layer ? [[n], [n]] : [[n]] });
  runtime.disposeData(partial.dataId);
  return [dx, ...sums, ...(dbranch ? [dbranch] : [])];
};
