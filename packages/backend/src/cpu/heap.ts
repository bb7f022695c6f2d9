import { fault } from "@cramkit/errors";

/**
 * Buffers in one WebAssembly memory. Sizes are rounded up to classes an eighth of a power of two apart and freed buffers
 * are kept by class, so a training step, whose shapes repeat, allocates nothing after its first round. Addresses are
 * 64-byte aligned. Growing a shared memory leaves existing views intact; an unshared one replaces its buffer, which is why
 * views are made on demand.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
  #next: number;
  #inUse = 0;

  constructor(memory: WebAssembly.Memory, firstAddress: number) {
    this.memory = memory;
    this.#next = firstAddress;
  }

  /** Bytes handed out at the moment, rounded up to their classes. */
  get bytesInUse(): number {
    return this.#inUse;
  }

  /** Address of at least `bytes` bytes of undefined content. */
  allocate(bytes: number): number {
    const size = classSize(bytes);
    const reused = this.#free.get(size)?.pop();
    if (reused !== undefined) {
      this.#inUse += size;
      return reused;
    }
    const address = this.#next;
    // A vector load of the last elements may read up to 64 bytes beyond a buffer.
    const missing = address + size + 64 - this.memory.buffer.byteLength;
    if (missing > 0 && !this.#grow(missing)) return this.#cut(size, missing);
    this.#next += size;
    this.#inUse += size;
    return address;
  }

  /** Gives back what `allocate(bytes)` returned. */
  free(address: number, bytes: number): void {
    const size = classSize(bytes);
    this.#inUse -= size;
    this.#keep(address, size);
  }

  /** Whether the memory could grow by that much. */
  #grow(missing: number): boolean {
    // At least 64 MiB at a time: growing is a system call, and replaces an unshared buffer.
    for (const pages of [Math.max(1024, Math.ceil(missing / 65536)), Math.ceil(missing / 65536)]) {
      try {
        this.memory.grow(pages);
        return true;
      } catch {
        // Too close to the maximum: try what is needed.
      }
    }
    return false;
  }

  /** The last resort: a part of the smallest larger block that is free. The rest is kept in blocks of its own. */
  #cut(size: number, missing: number): number {
    const larger = [...this.#free].filter(([other, list]) => other > size && list.length > 0).map(([other]) => other);
    if (larger.length === 0)
      throw fault({
        code: "out-of-memory",
        place: "cpu backend",
        problem: `expected room for ${missing} more bytes beside ${this.memory.buffer.byteLength} in use, got none`,
        remedy: "dispose of tensors or use a smaller batch",
        type: RangeError,
      });
    const block = Math.min(...larger);
    const address = this.#free.get(block)!.pop()!;
    for (let at = address + size, rest = block - size; rest > 0; ) {
      const part = classWithin(rest);
      this.#keep(at, part);
      at += part;
      rest -= part;
    }
    this.#inUse += size;
    return address;
  }

  #keep(address: number, size: number): void {
    const list = this.#free.get(size);
    if (list) list.push(address);
    else this.#free.set(size, [address]);
  }
}

/** The next of the sizes 2^k (8 + i) / 8, i = 0..7, at least 64. */
const classSize = (bytes: number): number => {
  if (bytes <= 64) return 64;
  const unit = Math.max(64, 2 ** (Math.floor(Math.log2(bytes - 1)) - 3));
  return Math.ceil(bytes / unit) * unit;
};

/** The largest size of at most so many bytes, a multiple of 64. */
const classWithin = (bytes: number): number => {
  const unit = Math.max(64, 2 ** (Math.floor(Math.log2(bytes)) - 3));
  return Math.floor(bytes / unit) * unit;
};

/** Address of the first byte that a heap may use. */
export const heapStart = 65536;

/** Whether other threads see the memory. */
export const isShared = (memory: WebAssembly.Memory): boolean =>
  typeof SharedArrayBuffer === "function" && memory.buffer instanceof SharedArrayBuffer;
