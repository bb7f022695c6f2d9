import type { ProgramSource } from "../program.ts";
import { range } from "../range.ts";

/**
 * How a workgroup computes its tile of a product. What it binds and its uniforms get a `suffix`, so that a shader can have several
 * products; `body` sees `tileX`, `tileY` (its tile of C) and `part` (which part of the contraction).
 */
export interface ProductKernel extends Omit<ProgramSource, "main"> {
  /** Rows and columns of C of a workgroup. */
  tile: { m: number; n: number };
  /**
   * Functions that read bindings, at module scope.
   *
   * @defaultValue none
   */
  functions?: (suffix: string) => string;
  body: (suffix: string) => string;
}

/** A grid of tiles: x along n, y along m, z along the parts of the contraction. */
export const oneProduct = ({ functions, body, tile: _, declare = "", ...source }: ProductKernel): ProgramSource => ({
  ...source,
  declare: functions ? `${declare}\n${functions("")}` : declare,
  main: `
let tileX = group.x;
let tileY = group.y;
let part = group.z;
${body("")}`,
});

/**
 * Several products in one dispatch: bindings and uniforms of product i end in i, and `across<i>`, `down<i>` and `groups<i>` count its
 * tiles along n, along m, and its workgroups. Few tiles leave most of a large GPU idle; those of several products fill it.
 */
export const severalProducts = (kernel: ProductKernel, products: number): ProgramSource => {
  const { functions, body, tile: _, declare = "", storage, uniforms = {}, ...source } = kernel;
  const all = range(products);
  const suffixed = <Value>(values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(all.flatMap((i) => Object.entries(values).map(([name, value]) => [`${name}${i}`, value])));
  const ends = all.map((i) => `let end${i} = ${i === 0 ? "" : `end${i - 1} + `}uniforms.groups${i};`);
  const branches = all.map(
    (i) => `if (index < end${i}) {
let own = index${i === 0 ? "" : ` - end${i - 1}`};
let tileX = own % uniforms.across${i};
let tileY = own / uniforms.across${i} % uniforms.down${i};
let part = own / uniforms.across${i} / uniforms.down${i};
${body(`${i}`)}
}`,
  );
  return {
    ...source,
    storage: suffixed(storage),
    uniforms: suffixed({ ...uniforms, across: "u32" as const, down: "u32" as const, groups: "u32" as const }),
    declare: [declare, ...(functions ? all.map((i) => functions(`${i}`)) : [])].join("\n"),
    main: `
let index = group.x + group.y * groups.x;
${ends.join("\n")}
${branches.join(" else ")}`,
  };
};
