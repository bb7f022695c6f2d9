import { columnSums, cudaKernel, sizeOf } from "../cuda/runtime.ts";

const linear = /* @__PURE__ */ cudaKernel("CramkitLinear", ({ inputs, runtime }) => {
  const [x, weight] = [inputs.x!, inputs.weight!];
  const [n, k] = weight.shape as [number, number];
  const y = runtime.output([...x.shape.slice(0, -1), n]);
  runtime.multiply({
    ...{ mixed: true, m: sizeOf(x.shape) / k, n, k, c: y, bias: inputs.bias },
    a: { x, across: k, along: 1 },
    b: { x: weight, across: k, along: 1 },
  });
  return y;
});

const gradInput = /* @__PURE__ */ cudaKernel("CramkitLinearGradInput", ({ inputs, runtime }) => {
  const [dy, weight] = [inputs.dy!, inputs.weight!];
  const [k, n] = weight.shape as [number, number];
  const dx = runtime.output([...dy.shape.slice(0, -1), n]);
  runtime.multiply({
    ...{ mixed: true, m: sizeOf(dy.shape) / k, n, k, c: dx },
    a: { x: dy, across: k, along: 1 },
    b: { x: weight, across: 1, along: n },
  });
  return dx;
});

const gradWeight = /* @__PURE__ */ cudaKernel("CramkitLinearGradWeight", ({ inputs, runtime }) => {
  const [dy, x] = [inputs.dy!, inputs.x!];
  const [m, n] = [dy.shape.at(-1)!, x.shape.at(-1)!];
  const dweight = runtime.output([m, n]);
  runtime.multiply({
    ...{ mixed: true, m, n, k: sizeOf(dy.shape) / m, c: dweight },
    a: { x: dy, across: 1, along: m },
    b: { x, across: 1, along: n },
  });
  return dweight;
});

const gradBias = /* @__PURE__ */ cudaKernel("CramkitLinearGradBias", (call) => {
  const { shape } = call.inputs.dy!;
  const n = shape.at(-1)!;
  const dbias = call.runtime.output([n]);
  columnSums(call, call.at("dy"), call.runtime.pointer(dbias), [sizeOf(shape) / n, n]);
  return dbias;
});

export const linearCuda = [linear, gradInput, gradWeight, gradBias];
