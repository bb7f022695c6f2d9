/** A compute shader: its text, what it binds and the uniforms that it reads. Equal keys mean equal text. */
export interface Program {
  key: string;
  wgsl(): string;
  /** One a storage binding of group 0, in order; the uniforms are binding 0 of group 1. */
  access: readonly ("read" | "write")[];
  uniforms: Readonly<Record<string, UniformType>>;
}

type UniformType = "u32" | "i32" | "f32";

export interface ProgramSource {
  /** Name -> access and element type; becomes `array<element>`. */
  storage: Readonly<Record<string, readonly ["read" | "write", string]>>;
  /**
   * Numbers that the shader reads, by name and type.
   *
   * @defaultValue none
   */
  uniforms?: Readonly<Record<string, UniformType>>;
  /**
   * Extensions that the shader enables, such as `f16`.
   *
   * @defaultValue none
   */
  enable?: readonly string[];
  /** Invocations of a workgroup. */
  size: number;
  /**
   * The size of subgroups that the shader asks for, of which `size` is a multiple; see subgroup-size.ts.
   *
   * @defaultValue what the driver chooses
   */
  subgroupSize?: number;
  /**
   * Declarations at module scope.
   *
   * @defaultValue nothing
   */
  declare?: string;
  /** The body of `main`; sees `uniforms`, `group` (workgroup id), `groups` (their number), `lane` (index in the workgroup). */
  main: string;
}

/**
 * Puts a shader together. Pure; the text is made when a pipeline is first needed. `key` names it by a grammar: family, form,
 * type, tile.
 */
/* @__NO_SIDE_EFFECTS__ */
export const program = ({ key, ...source }: ProgramSource & { key: string }): Program => {
  const { storage, uniforms = {} } = source;
  return {
    key,
    access: Object.values(storage).map(([access]) => access),
    uniforms,
    wgsl: () => wgsl(source),
  };
};

/**
 * The shaders of a family, each by a key of everything that its source depends on. A training step asks for the same ones again
 * and again; each is put together once.
 */
/* @__NO_SIDE_EFFECTS__ */
export const programs = <Variant extends unknown[]>(
  keyOf: (...variant: Variant) => string,
  sourceOf: (...variant: Variant) => ProgramSource,
): ((...variant: Variant) => Program) => {
  const known = new Map<string, Program>();
  return (...variant) => {
    const key = keyOf(...variant);
    let found = known.get(key);
    if (!found) known.set(key, (found = program({ key, ...sourceOf(...variant) })));
    return found;
  };
};

const wgsl = ({
  storage,
  uniforms = {},
  enable = [],
  size,
  subgroupSize,
  declare = "",
  main,
}: ProgramSource): string => {
  const bindings = Object.entries(storage).map(
    ([name, [access, element]], i) =>
      `@group(0) @binding(${i}) var<storage, ${access === "read" ? "read" : "read_write"}> ${name}: array<${element}>;`,
  );
  const names = Object.keys(uniforms);
  if (names.length > 0) {
    const fields = names.map((name) => `  ${name}: ${uniforms[name]},`).join("\n");
    bindings.unshift(`struct Uniforms {\n${fields}\n}`);
    bindings.push("@group(1) @binding(0) var<uniform> uniforms: Uniforms;");
  }
  const matrix = enable.includes("chromium_experimental_subgroup_matrix");
  const header = [
    ...(matrix ? ["diagnostic(off, chromium.subgroup_matrix_uniformity);"] : []),
    ...[...enable, ...(subgroupSize ? ["subgroup_size_control"] : [])].map((name) => `enable ${name};`),
  ];
  const builtins = [
    "@builtin(workgroup_id) group: vec3<u32>",
    "@builtin(num_workgroups) groups: vec3<u32>",
    "@builtin(local_invocation_index) lane: u32",
    ...(/\bsubgroupIndex\b/.test(main) ? ["@builtin(subgroup_id) subgroupIndex: u32"] : []),
    ...(/\bsubgroupLane\b/.test(main) ? ["@builtin(subgroup_invocation_id) subgroupLane: u32"] : []),
    ...(/\bsubgroupSize\b/.test(main) ? ["@builtin(subgroup_size) subgroupSize: u32"] : []),
  ];
  return [
    ...header,
    ...bindings,
    declare.trim(),
    `@compute @workgroup_size(${size})${subgroupSize ? ` @subgroup_size(${subgroupSize})` : ""}`,
    `fn main(${builtins.join(", ")}) {`,
    indent(main.trim()),
    "}",
    "",
  ]
    .filter((line, i, all) => line !== "" || i === all.length - 1)
    .join("\n");
};

const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line.trim() === "" ? "" : `  ${line}`))
    .join("\n");

/** A grid of `count` workgroups; the kernel finds its own number with {@link groupIndex}. */
export const grid = (count: number): [number, number, number] => {
  if (count <= 65535) return [count, 1, 1];
  const x = 32768;
  return [x, Math.ceil(count / x), 1];
};

/** WGSL: the number of this workgroup in a {@link grid}, which may be larger than asked for. */
export const groupIndex = "let index = group.x + group.y * groups.x;";
