import { type CompiledFor, checkLayout } from "@cramkit/wasm-kit";
import {
  findBackend,
  getKernel,
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  unregisterKernel,
} from "@tensorflow/tfjs-core";

/*
 * Every kernel that a backend may bring. An op runs the kernel if the current backend has it registered and its
 * reference everywhere else, so a backend may bring any subset. `rows` is the product of all axes but the last;
 * `?` marks an input that may be absent. All tensors are float32 unless a type is given. Kernels get tensors as the
 * caller shaped them (`[..., n]`), never empty ones: an op answers those itself.
 *
 * kernel                      inputs                                      attrs                     outputs
 * CramkitLinear               x [..., in], weight [out, in], bias? [out]  -                         y [..., out]
 * CramkitLinearGradInput      dy [..., out], weight [out, in]             -                         dx [..., in]
 * CramkitLinearGradWeight     dy [..., out], x [..., in]                  -                         dweight [out, in]
 * CramkitLinearGradBias       dy [..., out]                               -                         dbias [out]
 * CramkitEmbedding            ids int32 [...], weight [vocab, hidden]     -                         y [..., hidden]
 * CramkitEmbeddingGradWeight  dy [..., hidden], ids int32 [...]           vocab, paddingId (or -1)  dweight [vocab, hidden]
 * CramkitLayerNorm            x [..., n], weight [n], bias? [n]           epsilon                   [y, mean [rows], rstd [rows]]
 * CramkitLayerNormGrad        dy, x, weight, mean [rows], rstd [rows]     -                         [dx, dweight [n], dbias [n]]
 * CramkitRmsNorm              x [..., n], weight [n]                      epsilon                   [y, rstd [rows]]
 * CramkitRmsNormGrad          dy, x, weight, rstd [rows]                  -                         [dx, dweight [n]]
 * CramkitResidualNorm         x, branch [..., n], weight [n], bias? [n]   kind, epsilon, rate,      [sum, normed, stats [2, rows]: mean (0 for kind "rms"), rstd]
 *                                                                         key0, key1
 * CramkitResidualNormGrad     dsum? [..., n], dy, sum, weight, stats      kind, rate, key0, key1    [dx, dweight [n], dbias [n] of kind "layer", dbranch of rate > 0]
 * CramkitRotary               x [b, s, 3 * hidden], table [s, headDim]     heads, direction          y (its own gradient kernel)
 * CramkitAttention            qkv [b, s, 3 * hidden], mask? [b, s]        heads, rate, key0, key1  [y [b, s, hidden], lse [b, heads, s]]
 * CramkitAttentionGrad        dy, qkv, y, lse, mask?                      heads, rate, key0, key1  dqkv
 * CramkitLocalAttention       as CramkitAttention                         the same, reach > 0       the same
 * CramkitLocalAttentionGrad   as CramkitAttentionGrad                     the same, reach > 0       dqkv
 * CramkitGelu                 x                                           -                         y
 * CramkitGeluGrad             dy, x                                       -                         dx
 * CramkitGlu                  x [..., 2n]                                 activation                y [..., n]
 * CramkitGluGrad              dy [..., n], x [..., 2n]                    activation                dx [..., 2n]
 * CramkitLinearGlu            x [..., in], weight [2n, in], bias? [2n]    activation                [inner [..., 2n], y [..., n]]: the linear layer, and its gate
 * CramkitLinearGluGrad        dy [..., out], weight [out, n], inner       activation                dinner [..., 2n]: of the layer after the gate and of the gate
 * CramkitDropout              x                                           rate, key0, key1          y (its own gradient kernel)
 * CramkitMaskedCrossEntropy   hidden [rows, n], weight [vocab, n],        chunkRows (0: choose)     loss []
 *                             bias? [vocab], positions int32 [count],
 *                             targets int32 [count]
 * CramkitMaskedCrossEntropyGrad  the same                                 chunkRows                 [loss [], dhidden [rows, n], dweight [vocab, n], dbias [vocab]]
 * CramkitScale                x, factor []                                -                         factor x
 * CramkitAdamW                param, grad, mu, nu, gradScale []           learningRate, b1, b2, epsilon, weightDecay, correction1, correction2
 *                                                                                                   [] (param, mu, nu in place)
 * CramkitAccumulate           sum, grad                                   scale                     [] (sum in place)
 * CramkitGlobalNorm           0, 1, 2, ... (tensors of any shape)         -                         norm []
 *
 * CramkitMaskedCrossEntropyGrad runs in the forward pass of a recorded computation and returns the gradients for
 * dloss = 1: each chunk of logits is computed once, and the op multiplies by the real dloss on the way back.
 * If operands are float16, keep softmax - onehot unscaled (it lies in [-1, 1]) and multiply by 1 / count in float32.
 * Without a bias it may leave out dbias.
 * `lse` is log sum exp of the scaled, masked scores; 0 for a row with nothing to attend to, whose output is 0.
 * Rotary turns by `direction` (1 or -1) times the angles whose cosines and sines are the halves of a row of `table`.
 * Dropout keeps an element if its word is at least `dropoutThreshold(rate)` and scales it by 1 / (1 - rate); attention
 * applies it to the probabilities. dropout-mask.ts says which word of which stream is whose.
 */

/** A kernel that stands in for one of tfjs's own, from which it is made. */
export type ReplacingKernel = KernelConfig & {
  /**
   * Returns what is registered in the place of the backend's own kernel.
   *
   * @defaultValue `kernelFunc` is registered
   */
  over?: (own: KernelFunc) => KernelFunc;
};

/**
 * Registers kernels with tfjs, e.g. the list of `@cramkit/ops/cpu`. Call once, from the composition root.
 *
 * @throws Fault with the code `version-mismatch` if the backend is started and was built for another WebAssembly call layout than a kernel.
 */
export const registerKernels = (kernels: readonly (ReplacingKernel & Partial<CompiledFor>)[]): void => {
  for (const { kernelName, backendName, layout } of kernels) {
    const backend = findBackend(backendName) as Partial<CompiledFor> | null;
    if (layout !== undefined && backend?.layout !== undefined) checkLayout(kernelName, { layout }, backend.layout);
  }
  for (const { over, ...kernel } of kernels) {
    const own = over && getKernel(kernel.kernelName, kernel.backendName);
    if (own) unregisterKernel(kernel.kernelName, kernel.backendName);
    registerKernel(own ? { ...kernel, kernelFunc: over(own.kernelFunc) } : kernel);
  }
};
