import { fault } from "@cramkit/errors";
import type { Stream } from "../driver/stream.ts";

const outOfMemory = 2;
const leastFree = 256 * 1024 * 1024;

/** Device memory of a size. */
export interface Block {
  readonly pointer: bigint;
  readonly bytes: number;
  readonly pool: MemoryPool;
}

/**
 * Blocks of device memory by exact size, kept for reuse up to a bound. A block that was given back may be handed out again at
 * once: work on the stream runs in the order in which it was given. A training step, whose shapes repeat, asks the driver for
 * nothing after its first round.
 */
export class MemoryPool {
  /** Called when the driver has no more, before that is an error: what it frees is asked for again. */
  onFull: (() => void) | undefined;
  bytesUsed = 0;
  bytesAllocated = 0;
  /** Blocks that the driver was asked for. */
  allocations = 0;
  #peak = 0;
  /** In the order of the last return: the first size is the one unused for longest. */
  readonly #free = new Map<number, Block[]>();
  readonly #live = new Set<Block>();

  constructor(
    private readonly stream: Stream,
    private maxFreeBytes?: number,
  ) {}

  take(bytes: number): Block {
    const size = Math.max(4, bytes);
    const block = this.#free.get(size)?.pop() ?? this.#allocate(size);
    this.#live.add(block);
    this.bytesUsed += size;
    this.#peak = Math.max(this.#peak, this.bytesUsed);
    return block;
  }

  give(block: Block): void {
    if (!this.#live.delete(block)) return;
    this.bytesUsed -= block.bytes;
    const list = this.#free.get(block.bytes) ?? [];
    this.#free.delete(block.bytes);
    this.#free.set(block.bytes, list);
    list.push(block);
    this.#trim(this.maxFreeBytes ?? Math.max(this.#peak, leastFree));
  }

  /** Bytes from an address to the end of the block in use that it lies in; 0 if it lies in none. */
  bytesAt(pointer: bigint): number {
    for (const block of this.#live) {
      const offset = pointer - block.pointer;
      if (offset >= 0n && offset < BigInt(block.bytes)) return block.bytes - Number(offset);
    }
    return 0;
  }

  /** Gives what is free back to the driver. */
  release(): void {
    this.#trim(0);
  }

  /** From now on nothing is kept: what is in use goes back to the driver when it is given back. */
  retire(): void {
    this.maxFreeBytes = 0;
    this.#trim(0);
  }

  /** Whether it was retired, and holds nothing any more. */
  get isSpent(): boolean {
    return this.maxFreeBytes === 0 && this.bytesAllocated === 0;
  }

  dispose(): void {
    this.#trim(0);
    const { calls } = this.stream.driver;
    for (const { pointer } of this.#live) calls.cuMemFree_v2(pointer);
    this.#live.clear();
    this.bytesUsed = this.bytesAllocated = 0;
  }

  #allocate(bytes: number): Block {
    const { calls } = this.stream.driver;
    const into = new BigUint64Array(1);
    let code = calls.cuMemAlloc_v2(into, bytes);
    for (const free of [() => this.#trim(0), () => this.onFull?.()]) {
      if (code !== outOfMemory) break;
      free();
      code = calls.cuMemAlloc_v2(into, bytes);
    }
    if (code === outOfMemory)
      throw fault({
        code: "out-of-memory",
        place: "cuda",
        problem: `expected room for ${bytes} more bytes beside ${this.bytesUsed} in use, got none`,
        remedy: "use a smaller batch or sequence length",
        type: RangeError,
      });
    this.stream.check(code, "cuMemAlloc_v2", "taking memory");
    this.bytesAllocated += bytes;
    this.allocations++;
    return { pointer: into[0]!, bytes, pool: this };
  }

  /** Gives free blocks back to the driver until at most so many bytes of them are kept. It waits for the stream itself. */
  #trim(bound: number): void {
    while (this.bytesAllocated - this.bytesUsed > bound) {
      const [size, list] = this.#free.entries().next().value as [number, Block[]];
      const oldest = list.shift();
      if (oldest) {
        this.stream.driver.calls.cuMemFree_v2(oldest.pointer);
        this.bytesAllocated -= size;
      }
      if (list.length === 0) this.#free.delete(size);
    }
  }
}
