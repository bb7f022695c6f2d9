import type { Program } from "../webgpu/program.ts";

/*
 * Subgroup matrices of any shape in plain WGSL, so that kernels written for a GPU's units compute on an adapter that has
 * others or none. A subgroup is a run of 32 invocations. An operand is a reference into workgroup memory, read where it is
 * multiplied: nothing lies between in these kernels. A result is spread over the invocations, which compute their cells each.
 * What is tested this way is everything around the units: tiles, offsets, strides, orders, barriers.
 */

export const emulatedSubgroup = 32;

/** The same kernel on emulated matrices, where it uses any. */
export const withEmulatedMatrices = (program: Program): Program => ({
  ...program,
  key: `emulated.${program.key}`,
  wgsl: () => rewrite(program.wgsl()),
});

const rewrite = (source: string): string => {
  const [, n, m] = (source.match(/subgroup_matrix_result<f32, (\d+), (\d+)>/) ?? []).map(Number);
  const k = Number(source.match(/subgroup_matrix_left<f16, (\d+)/)?.[1]);
  if (!n || !m || !k) return source;
  const cells = Math.ceil((m * n) / emulatedSubgroup);
  const plain = source
    .replace(/^(diagnostic|enable subgroups|enable chromium).*\n/gm, "")
    .replace(/, @builtin\(subgroup_\w+\) \w+: u32/g, "");
  // A place is an array, of vectors or not, and an order in it.
  const places: string[] = [];
  const loaded = replaceCalls(plain, "subgroupMatrixLoad", (generics, [array, ...rest]) => {
    const order = generics.match(/(row|col)_major/)?.[1];
    const [offset, isColumnMajor, stride] = order
      ? [rest[0], order === "col", rest[1]]
      : [rest[0], rest[1] === "true", rest[2]];
    const { name, part, element } = partOf(array!, "x.part");
    const width = widthOf(plain, name);
    const [rowStep, columnStep] = isColumnMajor ? ["1u", `x.stride * ${width}u`] : [`x.stride * ${width}u`, "1u"];
    const at = `x.offset * ${width}u + row * ${rowStep} + column * ${columnStep}`;
    const place =
      width === 4 ? `let at = ${at}; return f32(${element}[at / 4u][at % 4u]);` : `return f32(${element}[${at}]);`;
    if (!places.includes(place)) places.push(place);
    return `Operand(${offset}, ${stride}, ${places.indexOf(place)}u, ${part})`;
  });
  const stores = new Map<string, string>();
  const stored = replaceCalls(loaded, "subgroupMatrixStore", (generics, [array, offset, value, ...rest]) => {
    const { name, part, element } = partOf(array!, "part");
    stores.set(name, element);
    return `store_${name}(${part}, ${offset}, ${value}, ${generics === "" ? rest[1] : rest[0]})`;
  });
  const helpers = `
struct Operand { offset: u32, stride: u32, place: u32, part: u32 }
struct Result { cells: array<f32, ${cells}> }
var<private> emulatedLane: u32;
// Variables, lest compilers unroll the loops over them, for minutes.
var<private> emulatedCells: u32;
var<private> emulatedK: u32;
fn operandAt(x: Operand, row: u32, column: u32) -> f32 {
  switch x.place {
    ${places.map((place, i) => `case ${i}u: { ${place} }`).join("\n    ")}
    default: { return 0.0; }
  }
}
fn subgroupMatrixMultiplyAccumulate(a: Operand, b: Operand, c: Result) -> Result {
  var d = c;
  for (var i = 0u; i < emulatedCells; i++) {
    let cell = i * ${emulatedSubgroup}u + emulatedLane;
    for (var l = 0u; l < emulatedK; l++) { d.cells[i] += operandAt(a, cell / ${n}u, l) * operandAt(b, l, cell % ${n}u); }
  }
  return d;
}
${[...stores]
  .map(
    ([name, element]) => `fn store_${name}(part: u32, offset: u32, x: Result, stride: u32) {
  for (var i = 0u; i < emulatedCells; i++) {
    let cell = i * ${emulatedSubgroup}u + emulatedLane;
    let at = (offset + cell / ${n}u * stride) * ${widthOf(plain, name)}u + cell % ${n}u;
    ${element}${widthOf(plain, name) === 4 ? "[at / 4u][at % 4u]" : "[at]"} = x.cells[i];
  }
}`,
  )
  .join("\n")}
@compute`;
  return stored
    .replace(/subgroup_matrix_result<[^>]*>/g, "Result")
    .replace("@compute", helpers)
    .replace(
      /^(fn main.*)$/m,
      `$1
  let subgroupIndex = lane / ${emulatedSubgroup}u;
  let subgroupLane = lane % ${emulatedSubgroup}u;
  let subgroupSize = ${emulatedSubgroup}u;
  emulatedLane = subgroupLane;
  emulatedCells = ${cells}u + (lane >> 24u);
  emulatedK = ${k}u + (lane >> 24u);`,
    );
};

const widthOf = (source: string, array: string): 1 | 4 =>
  new RegExp(`> ${array}: array<(array<)?vec4`).test(source) ? 4 : 1;

/** An argument such as `&tile` or `&tile[strip]`: the name, the index and what `index` in its place makes of it. */
const partOf = (argument: string, index: string): { name: string; part: string; element: string } => {
  const [, name = "", part] = argument.match(/^&(\w+)(?:\[(.*)\])?$/) ?? [];
  return part === undefined ? { name, part: "0u", element: name } : { name, part, element: `${name}[${index}]` };
};

/** Replaces every `name<generics>(arguments)`; arguments may hold parentheses. */
const replaceCalls = (
  text: string,
  name: string,
  replacement: (generics: string, args: string[]) => string,
): string => {
  let result = "";
  let rest = text;
  for (let at = rest.indexOf(name); at >= 0; at = rest.indexOf(name)) {
    const open = rest.indexOf("(", at);
    const args: string[] = [];
    let [depth, start, end] = [0, open + 1, open];
    for (; end < rest.length; end++) {
      if (rest[end] === "(") depth++;
      else if (rest[end] === ")" && --depth === 0) break;
      else if (rest[end] === "," && depth === 1) {
        args.push(rest.slice(start, end).trim());
        start = end + 1;
      }
    }
    args.push(rest.slice(start, end).trim());
    const generics = rest.slice(at + name.length, open).replace(/^<|>$/g, "");
    result += rest.slice(0, at) + replacement(generics, args);
    rest = rest.slice(end + 1);
  }
  return result + rest;
};
