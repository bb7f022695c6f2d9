/// <reference types="@webgpu/types" />

/** One timed dispatch, and the bytes that it bound: what it moves if it touches each of them once. */
export interface ProfiledDispatch {
  key: string;
  ms: number;
  bytes: number;
}

const perSet = 2048;

/** Timestamps of the device around dispatches that have a pass each. */
export class DispatchTimer {
  private readonly entries: { key: string; bytes: number; querySet: GPUQuerySet; index: number }[] = [];
  private readonly querySets: GPUQuerySet[] = [];

  constructor(private readonly device: GPUDevice) {}

  /** For the descriptor of the next dispatch's pass. */
  writes(key: string, bytes: number): GPUComputePassTimestampWrites {
    const index = (this.entries.length * 2) % perSet;
    if (index === 0) this.querySets.push(this.device.createQuerySet({ type: "timestamp", count: perSet }));
    const querySet = this.querySets.at(-1)!;
    this.entries.push({ key, bytes, querySet, index });
    return { querySet, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 };
  }

  /** `read` resolves a query set into a buffer and returns its bytes. */
  async resolve(
    read: (querySet: GPUQuerySet, into: GPUBuffer, count: number) => Promise<ArrayBuffer>,
  ): Promise<ProfiledDispatch[]> {
    const ticks = new Map<GPUQuerySet, BigUint64Array>();
    for (const set of this.querySets) {
      const count = this.entries.filter((entry) => entry.querySet === set).length * 2;
      const into = this.device.createBuffer({
        size: count * 8,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
      ticks.set(set, new BigUint64Array(await read(set, into, count)));
      into.destroy();
    }
    return this.entries.map(({ key, bytes, querySet, index }) => {
      const times = ticks.get(querySet)!;
      return { key, bytes, ms: Number(times[index + 1]! - times[index]!) / 1e6 };
    });
  }

  dispose(): void {
    for (const set of this.querySets) set.destroy();
  }
}
