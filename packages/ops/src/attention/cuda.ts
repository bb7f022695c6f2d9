import { compiled } from "../cuda/compiled.generated.ts";
import { type CudaCall, cudaKernel, dropoutStruct } from "../cuda/runtime.ts";

/** `Heads` of cuda.cu. */
const plan = ({ inputs, attrs, runtime }: CudaCall) => {
  const heads = attrs.heads!;
  const [batch, seq, width] = inputs.qkv!.shape as [number, number, number];
  const headDim = width / (3 * heads);
  const rows = batch * heads * seq;
  const struct = Int32Array.of(rows, seq, heads, headDim, 0);
  new Float32Array(struct.buffer)[4] = headDim ** -0.5;
  return { batch, seq, heads, headDim, hidden: width / 3, rows, struct, dropout: dropoutStruct(runtime, attrs) };
};

/** Rows of a tile of cuda-matrix.cu, and its threads. */
const tileRows = 64;
const tileThreads = 128;

/**
 * How a kernel on matrix units is launched, in mixed precision and for heads that it has room for; undefined elsewhere. `tiles`: of a head in
 * shared memory, `floats` beside them.
 */
const onMatrices = ({ runtime }: CudaCall, headDim: number, tiles: number, floats: number) => {
  const length = headDim <= 64 ? 64 : 128;
  const shared = tiles * tileRows * length * 2 + floats * 4;
  if (runtime.precision !== "mixed" || headDim > 128 || shared > runtime.card.sharedBytes) return undefined;
  return { length, block: tileThreads, shared };
};

const attention = /* @__PURE__ */ cudaKernel("CramkitAttention", (call) => {
  const { batch, seq, heads, headDim, hidden, rows, struct, dropout } = plan(call);
  const { inputs, runtime, at } = call;
  const lse = runtime.output([batch, heads, seq]);
  const matrices = onMatrices(call, headDim, 3, 0);
  if (!matrices) {
    const y = runtime.output([batch, seq, hidden]);
    call.eachRow("attention_forward", rows, [at("qkv"), at("mask"), y, lse, struct, dropout]);
    return [y, lse];
  }
  const y = runtime.halfOutput([batch, seq, hidden]);
  const { length, ...options } = matrices;
  const grid = [batch * heads, Math.ceil(seq / tileRows)] as const;
  runtime.launch(compiled, `attention_half_${length}`, { grid, ...options }, [
    ...[runtime.half(inputs.qkv!), at("mask"), runtime.half(y), lse, struct, dropout],
  ]);
  return [y, lse];
});

const attentionGrad = /* @__PURE__ */ cudaKernel("CramkitAttentionGrad", (call) => {
  const { batch, seq, heads, headDim, rows, struct, dropout } = plan(call);
  const { inputs, runtime, at } = call;
  const { dy, qkv, y } = inputs;
  const matrices = onMatrices(call, headDim, 4, 2 * tileRows);
  if (!matrices) {
    const dqkv = runtime.output(qkv!.shape);
    const args = [...["dy", "qkv", "mask", "y", "lse"].map(at), dqkv, struct, dropout];
    for (const of of ["queries", "keys"]) call.eachRow(`attention_backward_${of}`, rows, args);
    return dqkv;
  }
  const dqkv = runtime.halfOutput(qkv!.shape);
  const { length, ...options } = matrices;
  const grid = [batch * heads, 2 * Math.ceil(seq / tileRows)] as const;
  runtime.launch(compiled, `attention_gradient_half_${length}`, { grid, ...options }, [
    ...[runtime.half(dy!), runtime.half(qkv!), at("mask"), runtime.half(y!), at("lse")],
    ...[runtime.half(dqkv), struct, dropout],
  ]);
  return dqkv;
});

export const attentionCuda = [attention, attentionGrad];
