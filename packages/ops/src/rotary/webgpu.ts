import { halvesKey, type Operand } from "../webgpu/elementwise.ts";
import { halfResult, readable, wideResult } from "../webgpu/half.ts";
import { lastAxisOf, rowsOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, programs } from "../webgpu/program.ts";

const rotaryKey = (vectors: boolean, halves: readonly [x: boolean, y: boolean]): string =>
  `rotary.${vectors ? "vec4" : "scalar"}${halvesKey(halves)}`;

/**
 * `x [rows, heads, 3, 2n]`, `table [seq, 2n]` = [cos t, sin t]. One invocation a pair (a, b) of a query or key, or two
 * elements of a value; `first` is the number of the part's first row, `n` counts elements of type T.
 */
const rotaryProgram = /* @__PURE__ */ programs(rotaryKey, (vectors, halves) => ({
  enable: halves.includes(true) ? ["f16"] : [],
  storage: { x: ["read", "T_x"], table: ["read", "T"], y: ["write", "T_y"] },
  uniforms: { count: "u32", n: "u32", heads: "u32", seq: "u32", first: "u32", direction: "f32" },
  size: 256,
  declare: [
    `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
    ...["x", "y"].map((name, i) => `alias T_${name} = ${halves[i] ? "vec4<f16>" : "T"};`),
  ].join("\n"),
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let n = uniforms.n;
let part = i / n;
let at = part * 2u * n + i % n;
if (part % 3u == 2u) {
  y[at] = T_y(x[at]);
  y[at + n] = T_y(x[at + n]);
  return;
}
let angle = (uniforms.first + part / (3u * uniforms.heads)) % uniforms.seq * 2u * n + i % n;
let cosine = table[angle];
let sine = table[angle + n] * uniforms.direction;
let a = T(x[at]);
let b = T(x[at + n]);
y[at] = T_y(a * cosine - b * sine);
y[at + n] = T_y(b * cosine + a * sine);`,
}));

export const rotaryWebgpu = [
  webgpuKernel("CramkitRotary", (host, { x, table }, attrs) => {
    const { heads, direction } = attrs as { heads: number; direction: number };
    const [rows, width, seq] = [rowsOf(x!), lastAxisOf(x!), x!.shape[1]!];
    const half = lastAxisOf(table!) / 2;
    // f16 is read and written four at a time, which a half of a head must divide into.
    const vectors = half % 4 === 0;
    const input: Operand = vectors ? readable(host, x!) : { bound: x!, half: false };
    const y = (vectors ? halfResult : wideResult)(host, x!.shape);
    const shader = rotaryProgram(vectors, [input.half, y.half]);
    const n = vectors ? half / 4 : half;
    for (const part of partsOf(host, rows, width * 4)) {
      const count = part.count * heads * 3 * n;
      host.dispatch(
        shader,
        [
          partOf(input.bound, rows, width * (input.half ? 2 : 4), part),
          table!,
          partOf(y.written, rows, width * (y.half ? 2 : 4), part),
        ],
        { count, n, heads, seq, first: part.first, direction },
        grid(Math.ceil(count / 256)),
      );
    }
    return y.tensor;
  }),
];
