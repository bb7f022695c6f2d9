import type { TensorInfo } from "@tensorflow/tfjs-core";
import { cudaKernel, sizeOf, widthOf } from "../cuda/runtime.ts";

/** In the form in which the table is: rows of activations may be halves, those of weights are float32. */
const embedding = /* @__PURE__ */ cudaKernel("CramkitEmbedding", ({ inputs, runtime, each, at, forms }) => {
  const [ids, weight] = [inputs.ids!, inputs.weight!];
  const [vocab, hidden] = weight.shape as [number, number];
  const shape = [...ids.shape, hidden];
  const n = sizeOf(shape);
  const y = runtime.form(weight).half ? runtime.halfOutput(shape) : runtime.output(shape);
  const width = widthOf(hidden);
  const { pointers, halves } = forms(weight, y);
  each(`gather_rows_${width}`, n / width, [pointers[0]!, at("ids"), pointers[1]!, n, hidden, vocab, halves]);
  return y;
});

/**
 * Computed when something asks for it: as halves if it is the gradient of activations that a product reads, or together with the sum of the two
 * gradients of a tied table.
 */
const gradWeight = /* @__PURE__ */ cudaKernel(
  "CramkitEmbeddingGradWeight",
  ({ inputs, attrs, runtime, eachRow, forms }) => {
    const { vocab, paddingId } = attrs as { vocab: number; paddingId: number };
    const [dy, ids] = [inputs.dy!, inputs.ids!];
    const hidden = dy.shape.at(-1)!;
    const letGo = () => {
      runtime.letGo(dy);
      runtime.letGo(ids);
    };
    const scatter = (to: bigint, half: boolean, base?: TensorInfo) => {
      const { pointers, halves } = forms(dy, undefined, base);
      const [from, , added] = pointers as [bigint, bigint, bigint];
      const numbers = [vocab, hidden, sizeOf(ids.shape), paddingId, halves + (half ? 2 : 0)];
      eachRow(`scatter_rows_${widthOf(hidden)}`, vocab, [from, runtime.pointer(ids), added, to, ...numbers]);
    };
    const dweight = runtime.deferredOutput([vocab, hidden], {
      fill: (half) => {
        scatter(half ? runtime.half(dweight) : runtime.pointer(dweight), half);
        letGo();
      },
      dropped: letGo,
      addedTo: (other) => {
        const sum = runtime.output([vocab, hidden]);
        scatter(runtime.pointer(sum), false, other);
        return sum;
      },
    });
    for (const operand of [dy, ids]) runtime.hold(operand);
    return dweight;
  },
);

export const embeddingCuda = [embedding, gradWeight];
