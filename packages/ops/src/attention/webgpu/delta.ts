import { halvesKey } from "../../webgpu/elementwise.ts";
import { programs } from "../../webgpu/program.ts";

/** delta [batch, heads, seq] = the inner products of dy and y in each head. One invocation a row of a head. */
export const attentionDeltaProgram = /* @__PURE__ */ programs(
  (headDim: number, halves: readonly [dy: boolean, y: boolean]) => `attention.delta.head${headDim}${halvesKey(halves)}`,
  (headDim, halves) => {
    const width = headDim % 4 === 0 ? 4 : 1;
    const type = width === 4 ? "vec4<f32>" : "f32";
    const element = (half: boolean) => (half ? "vec4<f16>" : type);
    const product = width === 4 ? "dot(T(dy[at]), T(y[at]))" : "dy[at] * y[at]";
    return {
      enable: halves.includes(true) ? ["f16"] : [],
      storage: { dy: ["read", element(halves[0])], y: ["read", element(halves[1])], delta: ["write", "f32"] },
      uniforms: { count: "u32", seq: "u32", heads: "u32" },
      size: 64,
      declare: `alias T = ${type};`,
      main: `
let i = (group.x + group.y * groups.x) * 64u + lane;
if (i >= uniforms.count) { return; }
let head = i % uniforms.heads;
let row = i / uniforms.heads;
var sum = 0.0;
for (var e = 0u; e < ${headDim / width}u; e++) {
  let at = i * ${headDim / width}u + e;
  sum += ${product};
}
delta[(row / uniforms.seq * uniforms.heads + head) * uniforms.seq + row % uniforms.seq] = sum;`,
    };
  },
);
