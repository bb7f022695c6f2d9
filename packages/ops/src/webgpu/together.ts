import type { Host, KernelBinding } from "./host.ts";
import { partOf, partsOf } from "./parts.ts";
import { grid, groupIndex, type Program } from "./program.ts";
import { range } from "./range.ts";

/**
 * Dispatches over many tensors. Most tensors of a model are too small to keep a GPU busy, and each dispatch costs the host time,
 * so one dispatch takes several tensors side by side, each with workgroups of its own.
 */

/** A share in a dispatch: a tensor, or a part of one, with what is bound for it. */
export interface Share {
  bindings: readonly KernelBinding[];
  /** Elements, or vectors of four. */
  count: number;
  /**
   * Further uniforms of this share, by name.
   *
   * @defaultValue none
   */
  numbers?: Readonly<Record<string, number>>;
}

/** More would make long shaders; no device that was measured offers more. */
const mostBuffers = 16;

/** Shares of `buffers` bindings that fit one dispatch beside `others`. */
export const sharesOf = (host: Host, buffers: number, others: number): number => {
  const limit = Math.min(host.capabilities.limits.maxStorageBuffersPerShaderStage, mostBuffers);
  return Math.max(1, Math.floor((limit - others) / buffers));
};

/** `{ name0: value, name1: value, ... }`: a binding or uniform of each share. */
export const numbered = <Value>(shares: number, values: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(
    range(shares).flatMap((i) => Object.entries(values).map(([name, value]) => [`${name}${i}`, value])),
  );

/**
 * WGSL: runs `body(i)` in the workgroups of share i. It sees `index`, the number of the workgroup, and `start`, the first element
 * of its block; `uniforms.count<i>` ends the share.
 */
export const inShare = (shares: number, block: number, body: (i: number) => string): string => {
  const ends = range(shares).map(
    (i) => `let end${i} = ${i === 0 ? "" : `end${i - 1} + `}(uniforms.count${i} + ${block - 1}u) / ${block}u;`,
  );
  const branches = range(shares).map(
    (i) => `if (index < end${i}) {
  let start = ${i === 0 ? "index" : `(index - end${i - 1})`} * ${block}u;
  ${body(i).trim().replaceAll("\n", "\n  ")}
}`,
  );
  return `${groupIndex}
${ends.join("\n")}
if (index >= end${shares - 1}) { return; }
${branches.join(" else ")}`;
};

/** The shares of tensors of one size, of which `bytes` is what an element of the widest takes; cut at the end of a binding. */
export const sharesOfTensors = (
  host: Host,
  tensors: readonly { bound: KernelBinding; elementBytes: number }[],
  size: number,
): { width: 4 | 1; shares: Share[] } => {
  const width = size % 4 === 0 ? 4 : 1;
  const widest = Math.max(...tensors.map(({ elementBytes }) => elementBytes));
  const shares = partsOf(host, size / width, width * widest).map((part) => ({
    bindings: tensors.map(({ bound, elementBytes }) => partOf(bound, size / width, width * elementBytes, part)),
    count: part.count,
  }));
  return { width, shares };
};

/**
 * Dispatches `shares`, at most `most` at a time, with `others` bound after them; `uniforms` sees the number of blocks before those
 * of the dispatch. Returns the number of all.
 */
export const together = (
  host: Host,
  shares: readonly Share[],
  {
    most,
    block,
    programOf,
    others,
    uniforms,
  }: {
    most: number;
    block: number;
    programOf: (shares: number) => Program;
    others: readonly KernelBinding[];
    uniforms: (first: number) => Readonly<Record<string, number>>;
  },
): number => {
  let first = 0;
  for (let at = 0; at < shares.length; at += most) {
    const these = shares.slice(at, at + most);
    const blocks = these.reduce((sum, { count }) => sum + Math.ceil(count / block), 0);
    const own = these.flatMap(({ count, numbers = {} }, i) =>
      Object.entries({ ...numbers, count }).map(([name, value]) => [`${name}${i}`, value]),
    );
    host.dispatch(
      programOf(these.length),
      [...these.flatMap(({ bindings }) => bindings), ...others],
      { ...uniforms(first), ...Object.fromEntries(own) },
      grid(blocks),
    );
    first += blocks;
  }
  return first;
};
