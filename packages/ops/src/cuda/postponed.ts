import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { CudaRuntime } from "./runtime.ts";

/** Work that waits for more of its kind, so that one launch does all of it. */
interface Postponed<Details> {
  /** Held until the work is done. */
  operands: readonly TensorInfo[];
  details: Details;
  /** New tensors, which get memory when something asks for them. */
  results: TensorInfo[];
  /** How many of the results are not disposed of. */
  wanted: number;
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

  const letGo = (runtime: CudaRuntime, tensors: readonly TensorInfo[]) => {
    for (const tensor of tensors) runtime.letGo(tensor);
  };
  const finish = (runtime: CudaRuntime): void => {
    const all = queues.get(runtime) ?? [];
    queues.set(runtime, []);
    if (all.length === 0) return;
    run(runtime, all);
    for (const { operands, results } of all) letGo(runtime, [...operands, ...results]);
  };
  const drop = (runtime: CudaRuntime, work: Postponed<Details>): void => {
    work.wanted--;
    const queue = queues.get(runtime) ?? [];
    if (work.wanted > 0 || !queue.includes(work)) return;
    queue.splice(queue.indexOf(work), 1);
    letGo(runtime, [...work.operands, ...work.results]);
  };

  return (runtime, { operands, details, shapes }) => {
    const work: Postponed<Details> = { operands, details, results: [], wanted: shapes.length };
    for (const shape of shapes)
      work.results.push(
        runtime.deferredOutput(
          shape,
          () => finish(runtime),
          () => drop(runtime, work),
        ),
      );
    // A result that is disposed of before the others has memory until all are computed.
    for (const tensor of [...operands, ...work.results]) runtime.hold(tensor);
    const queue = queues.get(runtime) ?? [];
    queues.set(runtime, queue);
    queue.push(work);
    if (queue.length >= most) finish(runtime);
    return work.results;
  };
};
