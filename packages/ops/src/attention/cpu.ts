import { gemmScratch } from "@cramkit/wasm-kit";
import { type CpuCall, cpuKernel } from "../cpu/runtime.ts";
import { dropoutThreshold } from "../dropout-mask.ts";
import type { AttentionAttrs } from "./reference.ts";

/** Shapes, the parameters after the tensors, and the scratch of one thread with `matrices` of [seq, seq]. */
const plan = ({ inputs, attrs, runtime }: CpuCall, matrices: number) => {
  const { heads, rate, key0, key1, reach } = attrs as unknown as AttentionAttrs;
  const [batch, seq, width] = inputs.qkv!.shape as [number, number, number];
  const headDim = width / (3 * heads);
  const stride =
    matrices * seq * Math.ceil(seq / 4) * 16 + gemmScratch(Math.max(seq, headDim), Math.max(seq, headDim), 256);
  const dropout = rate > 0 ? [key0, key1, dropoutThreshold(rate)] : [0, 0, 0];
  const library = seq * seq * headDim >= runtime.libraryFrom ? 1 : 0;
  const floats = [headDim ** -0.5, 1 / (1 - rate)];
  const near = reach === 0 ? seq : Math.min(seq, reach);
  return { batch, seq, heads, headDim, hidden: width / 3, stride, dropout, library, near, floats };
};

const attention = (call: CpuCall) => {
  const { runtime, run, at } = call;
  const { batch, seq, heads, headDim, hidden, stride, dropout, library, near, floats } = plan(call, 1);
  const [y, lse] = [runtime.output([batch, seq, hidden]), runtime.output([batch, heads, seq])];
  runtime.withScratch(stride * runtime.threads, (scratch) => {
    const addresses = [at("qkv"), at("mask"), runtime.address(y), runtime.address(lse)];
    run(
      "attentionTask",
      batch * heads,
      [...addresses, batch, seq, heads, headDim, scratch, stride, ...dropout, library, near],
      floats,
    );
  });
  return [y, lse];
};

const attentionGrad = (call: CpuCall) => {
  const { inputs, runtime, run, at } = call;
  const { batch, seq, heads, headDim, stride, dropout, library, near, floats } = plan(call, 2);
  const dqkv = runtime.output(inputs.qkv!.shape);
  runtime.withScratch(stride * runtime.threads, (scratch) => {
    const addresses = [at("qkv"), at("mask"), at("y"), at("lse")];
    const gradients = [at("dy"), runtime.address(dqkv)];
    const ints = [...addresses, batch, seq, heads, headDim, scratch, stride, ...dropout, library, near, ...gradients];
    run("attentionGradTask", batch * heads, ints, floats);
  });
  return dqkv;
};

export const attentionCpu = [
  /* @__PURE__ */ cpuKernel("CramkitAttention", attention),
  /* @__PURE__ */ cpuKernel("CramkitAttentionGrad", attentionGrad),
  /* @__PURE__ */ cpuKernel("CramkitLocalAttention", attention),
  /* @__PURE__ */ cpuKernel("CramkitLocalAttentionGrad", attentionGrad),
];
