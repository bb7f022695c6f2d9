/** Arrays that ranks exchange. */
export type Numbers = Float32Array | Float64Array | Int32Array;

/** How the values of all ranks become one. Sums are taken in an order that is the same on every rank. */
export type Reduction = "sum" | "max" | "min";

/**
 * What the ranks of a job do together. Every method but `abort` is collective: all ranks call the same ones in the same
 * order, with arrays of the same length, or all of them wait for ever. Calls are queued in the order in which they are
 * made, so a caller need not await one before it makes the next.
 */
export interface Communicator {
  /** This process, 0 to `size - 1`. */
  readonly rank: number;
  readonly size: number;
  /** This process among those of its machine. */
  readonly localRank: number;
  readonly localSize: number;
  /** The library and the launcher, for people. */
  readonly description: string;
  /** Replaces the values, in place, by their reduction over all ranks: the same bits on every rank. */
  allReduce(values: Numbers, reduction?: Reduction): Promise<void>;
  /** Replaces the bytes, in place, by those of the root. */
  broadcast(values: ArrayBufferView, root?: number): Promise<void>;
  /** The bytes of all ranks one after the other, in the order of ranks. All ranks give the same number of bytes. */
  allGather(bytes: Uint8Array): Promise<Uint8Array>;
  /** The nth of `size` equal parts goes to rank n: what comes back are the parts that all ranks had for this one, in their order. */
  allToAll(bytes: Uint8Array): Promise<Uint8Array>;
  /** Resolves when all ranks have come here. */
  barrier(): Promise<void>;
  /** Ends the whole job at once, all ranks of it, with an exit code that is not zero. */
  abort(exitCode?: number): never;
  /** Ends the communication, after what is queued. Collective. Without it, this process's end ends the job. */
  dispose(): Promise<void>;
}
