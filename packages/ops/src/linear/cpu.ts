import { columnSums, cpuKernel, sizeOf } from "../cpu/runtime.ts";

const linear = /* @__PURE__ */ cpuKernel("CramkitLinear", ({ inputs, runtime, at }) => {
  const [x, weight] = [inputs.x!, inputs.weight!];
  const [n, k] = weight.shape as [number, number];
  const y = runtime.output([...x.shape.slice(0, -1), n]);
  runtime.gemm({
    mixed: true,
    ...{ m: sizeOf(x.shape) / k, n, k },
    a: { address: at("x"), across: k, along: 1 },
    b: { address: at("weight"), across: k, along: 1 },
    c: runtime.address(y),
    bias: at("bias"),
  });
  return y;
});

const gradInput = /* @__PURE__ */ cpuKernel("CramkitLinearGradInput", ({ inputs, runtime, at }) => {
  const [dy, weight] = [inputs.dy!, inputs.weight!];
  const [k, n] = weight.shape as [number, number];
  const dx = runtime.output([...dy.shape.slice(0, -1), n]);
  runtime.gemm({
    mixed: true,
    ...{ m: sizeOf(dy.shape) / k, n, k },
    a: { address: at("dy"), across: k, along: 1 },
    b: { address: at("weight"), across: 1, along: n },
    c: runtime.address(dx),
  });
  return dx;
});

const gradWeight = /* @__PURE__ */ cpuKernel("CramkitLinearGradWeight", ({ inputs, runtime, at }) => {
  const [dy, x] = [inputs.dy!, inputs.x!];
  const [m, n] = [dy.shape[dy.shape.length - 1]!, x.shape[x.shape.length - 1]!];
  const dweight = runtime.output([m, n]);
  runtime.gemm({
    mixed: true,
    ...{ m, n, k: sizeOf(dy.shape) / m },
    a: { address: at("dy"), across: 1, along: m },
    b: { address: at("x"), across: 1, along: n },
    c: runtime.address(dweight),
  });
  return dweight;
});

const gradBias = /* @__PURE__ */ cpuKernel("CramkitLinearGradBias", (call) => {
  const { shape } = call.inputs.dy!;
  const n = shape[shape.length - 1]!;
  const dbias = call.runtime.output([n]);
  columnSums(call, call.at("dy"), call.runtime.address(dbias), sizeOf(shape) / n, n);
  return dbias;
});

export const linearCpu = [linear, gradInput, gradWeight, gradBias];
