import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, type KernelBinding, output } from "./host.ts";

/*
 * Results that wait for what reads them. If that is a sum, the sum is computed where the result would be: the term is neither written nor
 * read. Anything else that binds it has it computed, and so has a kernel that is about to write over an operand.
 */

/** Computes `added` plus the term into a new tensor; undefined if it cannot. */
type Join = (added: TensorInfo) => TensorInfo | undefined;

const open = new WeakMap<object, Join>();

/** A new tensor of `shape` that is open until something binds it. */
export const openTerm = (
  host: Host,
  shape: readonly number[],
  {
    operands,
    fill,
    join,
  }: {
    operands: readonly KernelBinding[];
    fill: (term: TensorInfo) => void;
    join: Join;
  },
): TensorInfo => {
  const term = output(host, shape);
  const held = operands.map((operand) => ("tensor" in operand ? operand.tensor : operand));
  const settle = () => host.settle(term);
  const end = () => {
    open.delete(term.dataId);
    for (const operand of held) host.letGo(operand, settle);
  };
  for (const operand of held) host.hold(operand, settle);
  host.defer(
    term,
    () => {
      fill(term);
      end();
    },
    end,
  );
  open.set(term.dataId, join);
  return term;
};

/** `added` plus `term` as a new tensor, if that term is still open and can be joined with it; it stays open. */
export const joinOpenTerm = (term: TensorInfo, added: TensorInfo): TensorInfo | undefined =>
  added.dataId === term.dataId || added.dtype !== "float32" ? undefined : open.get(term.dataId)?.(added);
