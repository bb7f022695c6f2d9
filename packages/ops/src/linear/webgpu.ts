import { columnSum } from "../webgpu/column-sum.ts";
import { gemm } from "../webgpu/gemm/index.ts";
import { lastAxisOf, output, rowsOf, webgpuKernel } from "../webgpu/host.ts";

/** The three products of a linear layer, each a form of the matrix product, and the column sum of its bias. */
export const linearWebgpu = [
  webgpuKernel("CramkitLinear", (host, { x, weight, bias }) => {
    const [n, k] = weight!.shape as [number, number];
    const c = output(host, [...x!.shape.slice(0, -1), n]);
    gemm(host, { form: "nt", a: x!, b: weight!, c, m: rowsOf(x!), n, k, biasTensor: bias });
    return c;
  }),
  webgpuKernel("CramkitLinearGradInput", (host, { dy, weight }) => {
    const [k, n] = weight!.shape as [number, number];
    const c = output(host, [...dy!.shape.slice(0, -1), n]);
    gemm(host, { form: "nn", a: dy!, b: weight!, c, m: rowsOf(dy!), n, k });
    return c;
  }),
  webgpuKernel("CramkitLinearGradWeight", (host, { dy, x }) => {
    const [m, n] = [lastAxisOf(dy!), lastAxisOf(x!)];
    const c = output(host, [m, n]);
    gemm(host, { form: "tn", a: dy!, b: x!, c, m, n, k: rowsOf(x!) });
    return c;
  }),
  webgpuKernel("CramkitLinearGradBias", (host, { dy }) => columnSum(host, dy!, rowsOf(dy!), lastAxisOf(dy!))),
];
