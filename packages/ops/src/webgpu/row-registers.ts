import { range } from "./range.ts";

/** Elements that a register holds, invocations that share a row, and registers of each. */
const normTiling = (n: number): { width: 1 | 4; size: number; slots: number } => {
  const width = n % 4 === 0 ? 4 : 1;
  const vectors = n / width;
  const size = [32, 64, 128].find((candidate) => vectors <= candidate * 4) ?? 256;
  return { width, size, slots: Math.ceil(vectors / size) };
};

/** The text of both passes shares its registers: `name0`, `name1`, ... for the columns of this invocation. */
export const registers = (n: number) => {
  const { width, size, slots } = normTiling(n);
  const isWhole = slots * size * width === n;
  const column = (slot: number) => `lane + ${slot * size}u`;
  const guarded = (slot: number, text: string) => (isWhole ? text : `if (${column(slot)} < ${n / width}u) { ${text} }`);
  return {
    width,
    size,
    slots: range(slots),
    vectors: n / width,
    type: width === 4 ? "vec4<f32>" : "f32",
    column,
    guarded,
    /** The sum of a register's elements. */
    total: (text: string) => (width === 4 ? `dot(${text}, vec4<f32>(1.0))` : `(${text})`),
    declare: (name: string, value: (slot: number) => string) =>
      range(slots)
        .map((slot) => `var ${name}${slot} = T();\n${guarded(slot, `${name}${slot} = ${value(slot)};`)}`)
        .join("\n"),
  };
};
