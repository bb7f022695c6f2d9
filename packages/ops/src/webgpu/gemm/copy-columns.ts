import type { Host, KernelBinding } from "../host.ts";
import { partOf, partsOf } from "../parts.ts";
import { grid, programs } from "../program.ts";

export interface ColumnCopy {
  from: KernelBinding;
  /**
   * Row length of the source.
   *
   * @defaultValue the part's own width
   */
  fromWidth?: number;
  /**
   * First column in the source.
   *
   * @defaultValue `0`
   */
  fromFirst?: number;
  to: KernelBinding;
  /**
   * Row length of the target.
   *
   * @defaultValue the part's own width
   */
  toWidth?: number;
  /**
   * First column in the target.
   *
   * @defaultValue `0`
   */
  toFirst?: number;
  rows: number;
  /** Columns to copy. */
  width: number;
  /**
   * Adds to the target.
   *
   * @defaultValue `false`: overwrites
   */
  add?: boolean;
}

/** Copies some columns of a matrix into some of another one. */
export const copyColumns = (host: Host, copy: ColumnCopy): void => {
  const { from, to, rows, width, add = false } = copy;
  const { fromWidth = width, fromFirst = 0, toWidth = width, toFirst = 0 } = copy;
  for (const part of partsOf(host, rows, Math.max(fromWidth, toWidth) * 4)) {
    const count = part.count * width;
    host.dispatch(
      copyProgram(add),
      [partOf(from, rows, fromWidth * 4, part), partOf(to, rows, toWidth * 4, part)],
      { count, width, fromWidth, fromFirst, toWidth, toFirst },
      grid(Math.ceil(count / 256)),
    );
  }
};

const copyProgram = /* @__PURE__ */ programs(
  (add: boolean) => `copy-columns${add ? ".add" : ""}`,
  (add) => ({
    storage: { source: ["read", "f32"], target_: ["write", "f32"] },
    uniforms: { count: "u32", width: "u32", fromWidth: "u32", fromFirst: "u32", toWidth: "u32", toFirst: "u32" },
    size: 256,
    main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let row = i / uniforms.width;
let column = i % uniforms.width;
target_[row * uniforms.toWidth + uniforms.toFirst + column] ${add ? "+=" : "="} source[row * uniforms.fromWidth + uniforms.fromFirst + column];`,
  }),
);
