import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, output, release } from "./host.ts";

/** Work that waits for more of its kind, so that one dispatch does all of it. */
export interface Postponed<Details> {
  /** Held until the work is done. */
  operands: readonly TensorInfo[];
  /** New tensors, which have no memory yet. */
  results: readonly TensorInfo[];
  details: Details;
}

interface Waiting<Details> extends Postponed<Details> {
  /** Results that were disposed of before anything asked for them. */
  dropped: Set<TensorInfo>;
  settle: () => void;
}

/**
 * A kind of work that is done together: `most` at a time, or less if a result is asked for before. The gradients of a model's
 * parameters are such results: a layer's backward pass goes on without them. Returns the function that postpones.
 *
 * @param run does it all; every result is to be written
 */
export const postponing = <Details>({
  most,
  run,
}: {
  most: (host: Host) => number;
  run: (host: Host, all: readonly Postponed<Details>[]) => void;
}): ((host: Host, kind: string, work: Postponed<Details>) => void) => {
  const queues = new WeakMap<Host, Map<string, Waiting<Details>[]>>();

  const finish = (host: Host, kind: string): void => {
    const all = queues.get(host)?.get(kind);
    if (!all) return;
    queues.get(host)!.delete(kind);
    const scratch: TensorInfo[] = [];
    const inPlaceOf = (dropped: TensorInfo) => {
      scratch.push(output(host, dropped.shape));
      return scratch.at(-1)!;
    };
    const whole = all.map((work) => ({
      ...work,
      results: work.results.map((result) => (work.dropped.has(result) ? inPlaceOf(result) : result)),
    }));
    run(host, whole);
    for (const { operands, settle } of all) for (const operand of operands) host.letGo(operand, settle);
    release(host, ...scratch);
  };

  const drop = (host: Host, kind: string, work: Waiting<Details>, result: TensorInfo): void => {
    work.dropped.add(result);
    const queue = queues.get(host)?.get(kind);
    if (!queue?.includes(work) || work.dropped.size < work.results.length) return;
    queue.splice(queue.indexOf(work), 1);
    if (queue.length === 0) queues.get(host)!.delete(kind);
    for (const operand of work.operands) host.letGo(operand, work.settle);
  };

  return (host, kind, { operands, results, details }) => {
    if (!queues.has(host)) queues.set(host, new Map());
    const own = queues.get(host)!;
    if (!own.has(kind)) own.set(kind, []);
    const queue = own.get(kind)!;
    const settle = () => finish(host, kind);
    const work: Waiting<Details> = { operands, results, details, dropped: new Set(), settle };
    queue.push(work);
    for (const operand of operands) host.hold(operand, settle);
    for (const result of results) host.defer(result, settle, () => drop(host, kind, work, result));
    if (queue.length >= most(host)) finish(host, kind);
  };
};
