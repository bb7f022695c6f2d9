import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { CudaRuntime } from "./runtime.ts";

/** Work that waits for more of its kind, so that one launch does all of it. */
interface Postponed<Details> {
  /** Held until the work is done. */
  operands: readonly TensorInfo[];
  details: Details;
  /** New tensors, which get memory when something asks for them. */
  results: TensorInfo[];
  /** Those that were disposed of before. */
  dropped: Set<TensorInfo>;
}

/**
 * A kind of work that is done together: `most` at a time, or less if a result is asked for before. The gradients of a model's parameters
 * are such results: a layer's backward pass goes on without them. Returns the function that postpones, which gives the results.
 *
 * @param run does it all; every result is to be written
 */
export const postponing = <Details>({
  most,
  run,
}: {
  most: number;
  run: (runtime: CudaRuntime, all: readonly { results: readonly TensorInfo[]; details: Details }[]) => void;
}): ((
  runtime: CudaRuntime,
  work: { operands: readonly TensorInfo[]; details: Details; shapes: readonly (readonly number[])[] },
) => TensorInfo[]) => {
  const queues = new WeakMap<CudaRuntime, Postponed<Details>[]>();

  const letGo = (runtime: CudaRuntime, { operands }: Postponed<Details>) => {
    for (const operand of operands) runtime.letGo(operand);
  };
  const finish = (runtime: CudaRuntime): void => {
    const all = queues.get(runtime) ?? [];
    queues.set(runtime, []);
    if (all.length === 0) return;
    const scratch: TensorInfo[] = [];
    const inPlaceOf = ({ shape }: TensorInfo) => {
      scratch.push(runtime.output(shape));
      return scratch.at(-1)!;
    };
    const whole = all.map(({ results, dropped, details }) => ({
      details,
      results: results.map((result) => (dropped.has(result) ? inPlaceOf(result) : result)),
    }));
    run(runtime, whole);
    for (const work of all) letGo(runtime, work);
    for (const { dataId } of scratch) runtime.disposeData(dataId);
  };
  const drop = (runtime: CudaRuntime, work: Postponed<Details>, result: TensorInfo): void => {
    work.dropped.add(result);
    const queue = queues.get(runtime) ?? [];
    if (work.dropped.size < work.results.length || !queue.includes(work)) return;
    queue.splice(queue.indexOf(work), 1);
    letGo(runtime, work);
  };

  return (runtime, { operands, details, shapes }) => {
    const work: Postponed<Details> = { operands, details, results: [], dropped: new Set() };
    for (const shape of shapes) {
      const result = runtime.deferredOutput(shape, {
        fill: () => finish(runtime),
        dropped: () => drop(runtime, work, result),
      });
      work.results.push(result);
    }
    for (const operand of operands) runtime.hold(operand);
    const queue = queues.get(runtime) ?? [];
    queues.set(runtime, queue);
    queue.push(work);
    if (queue.length >= most) finish(runtime);
    return work.results;
  };
};
