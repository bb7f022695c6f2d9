import { type CudaCall, cudaKernel, dropoutStruct } from "../cuda/runtime.ts";

/** `Heads` of cuda.cu. */
const plan = ({ inputs, attrs }: CudaCall) => {
  const heads = attrs.heads!;
  const [batch, seq, width] = inputs.qkv!.shape as [number, number, number];
  const headDim = width / (3 * heads);
  const rows = batch * heads * seq;
  const struct = Int32Array.of(rows, seq, heads, headDim, 0);
  new Float32Array(struct.buffer)[4] = headDim ** -0.5;
  return { batch, seq, heads, hidden: width / 3, rows, struct, dropout: dropoutStruct(attrs) };
};

const attention = /* @__PURE__ */ cudaKernel("CramkitAttention", (call) => {
  const { batch, seq, heads, hidden, rows, struct, dropout } = plan(call);
  const [y, lse] = [call.runtime.output([batch, seq, hidden]), call.runtime.output([batch, heads, seq])];
  call.eachRow("attention_forward", rows, [call.at("qkv"), call.at("mask"), y, lse, struct, dropout]);
  return [y, lse];
});

const attentionGrad = /* @__PURE__ */ cudaKernel("CramkitAttentionGrad", (call) => {
  const { rows, struct, dropout } = plan(call);
  const dqkv = call.runtime.output(call.inputs.qkv!.shape);
  const args = [...["dy", "qkv", "mask", "y", "lse"].map(call.at), dqkv, struct, dropout];
  for (const of of ["queries", "keys"]) call.eachRow(`attention_backward_${of}`, rows, args);
  return dqkv;
});

export const attentionCuda = [attention, attentionGrad];
