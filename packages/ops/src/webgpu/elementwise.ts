import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, sizeOf } from "./host.ts";
import { partOf, partsOf } from "./parts.ts";
import { grid, programs } from "./program.ts";

export interface Elementwise {
  key: string;
  /** Inputs, then outputs; an output that is also read is declared `write`. */
  storage: Readonly<Record<string, "read" | "write">>;
  /**
   * Numbers that the shader reads, by name and type.
   *
   * @defaultValue none
   */
  uniforms?: Readonly<Record<string, "u32" | "i32" | "f32">>;
  /**
   * Module scope; `T` is the element type, `f32` or `vec4<f32>`.
   *
   * @defaultValue nothing
   */
  declare?: string;
  /**
   * For element `i` (of type T); `uniforms.first` is the number of the part's first element of type T. If a tensor may be
   * f16 it is read as `T(name[i])` and written as `T_name(value)`.
   */
  main: string;
}

/** A tensor to bind, and whether it holds f16. */
export interface Operand {
  bound: TensorInfo;
  half: boolean;
}

const elementwiseKey = (e: Elementwise, vectors: boolean, halves: readonly boolean[]): string =>
  `${e.key}.${vectors ? "vec4" : "scalar"}${halvesKey(halves)}`;

/** An elementwise shader, on vectors of four if the length allows it. Uniforms: those given, then count and first. */
const elementwiseProgram = /* @__PURE__ */ programs(elementwiseKey, (e, vectors, halves) => ({
  enable: halves.includes(true) ? ["f16"] : [],
  storage: Object.fromEntries(
    Object.entries(e.storage).map(([name, access]) => [name, [access, `T_${name}`] as const]),
  ),
  uniforms: { ...e.uniforms, count: "u32", first: "u32" },
  size: 256,
  declare: [
    `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
    ...Object.keys(e.storage).map((name, i) => `alias T_${name} = ${halves[i] ? "vec4<f16>" : "T"};`),
    e.declare ?? "",
  ].join("\n"),
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
${e.main.trim()}`,
}));

/** Part of a key: which of the tensors hold f16. */
export const halvesKey = (halves: readonly boolean[]): string =>
  halves.includes(true) ? `.${halves.map((half) => (half ? "h" : "f")).join("")}` : "";

/** Runs an elementwise kernel over tensors of one size, in the order of `storage`; f16 ones have a multiple of four elements. */
export const elementwise = (
  host: Host,
  e: Elementwise,
  operands: readonly (TensorInfo | Operand)[],
  uniforms: Readonly<Record<string, number>> = {},
): void => {
  const all = operands.map((operand) => ("bound" in operand ? operand : { bound: operand, half: false }));
  const [{ bound, half }] = all as [Operand];
  const size = sizeOf(bound) * (half ? 2 : 1);
  const width = size % 4 === 0 ? 4 : 1;
  const halves = all.map((operand) => operand.half);
  const shader = elementwiseProgram(e, width === 4, halves);
  for (const part of partsOf(host, size / width, width * 4)) {
    host.dispatch(
      shader,
      all.map((operand) => partOf(operand.bound, size / width, width * (operand.half ? 2 : 4), part)),
      { ...uniforms, count: part.count, first: part.first },
      grid(Math.ceil(part.count / 256)),
    );
  }
};
