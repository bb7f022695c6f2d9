/// <reference types="@webgpu/types" />

/** A buffer of the pool with a number of its own, by which bind groups are cached. */
const ids = new WeakMap<GPUBuffer, number>();
let nextId = 1;

/** A number that identifies a buffer for as long as it lives. */
export const bufferId = (buffer: GPUBuffer): number => {
  let id = ids.get(buffer);
  if (id === undefined) {
    id = nextId++;
    ids.set(buffer, id);
  }
  return id;
};

export interface BufferPoolOptions {
  /**
   * Free bytes kept for reuse.
   *
   * @defaultValue as much as was ever in use at once, and at least 256 MiB
   */
  maxFreeBytes?: number;
  /**
   * Called before a buffer is destroyed.
   *
   * @defaultValue nothing is called
   */
  onDestroy?: (buffer: GPUBuffer) => void;
}

/**
 * Buffers by exact size and usage, kept for reuse up to a bound. It stands in for tfjs's `BufferManager`, which keeps
 * everything for ever and searches linearly.
 *
 * A released buffer may be handed out again at once, before the commands that use it were submitted: commands run in the
 * order in which they were recorded. Only what the host writes (`queue.writeBuffer`) must not go into such a buffer.
 * Destroying waits for `flush()`, to be called after a submit: a submit must not name a destroyed buffer.
 */
export class BufferPool {
  numBytesUsed = 0;
  numBytesAllocated = 0;
  private peakBytesUsed = 0;
  private readonly live = new Set<GPUBuffer>();
  /** In the order of the last release: the first class is the one unused for longest. */
  private readonly free = new Map<string, GPUBuffer[]>();
  private numFree = 0;
  /** Numbers of buffers below it are of before the device's last error. */
  private trustedFrom = 0;
  private readonly doomed: GPUBuffer[] = [];

  constructor(
    private readonly device: GPUDevice,
    private readonly options: BufferPoolOptions = {},
  ) {}

  acquireBuffer(size: number, usage: number, mappedAtCreation = false, reuse = true): GPUBuffer {
    let buffer = (reuse && this.free.get(`${size}_${usage}`)?.pop()) || undefined;
    if (buffer) this.numFree--;
    else {
      // Throws if the host has no memory for a mapped one: nothing is counted then.
      buffer = this.device.createBuffer({ size, usage, mappedAtCreation });
      bufferId(buffer);
      this.live.add(buffer);
      this.numBytesAllocated += size;
    }
    this.numBytesUsed += size;
    this.peakBytesUsed = Math.max(this.peakBytesUsed, this.numBytesUsed);
    return buffer;
  }

  /**
   * To be called when the device raised an error: a buffer that it could not make looks like any other, and every command that
   * names it fails. What was made until now is not handed out again, so that a smaller batch can go on.
   */
  distrust(): void {
    this.trustedFrom = nextId;
    for (const list of this.free.values()) for (const buffer of list) this.doom(buffer);
    this.free.clear();
    this.numFree = 0;
    this.peakBytesUsed = this.numBytesUsed;
  }

  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    if (!this.live.has(buffer)) return;
    const { size, usage } = buffer;
    this.numBytesUsed -= size;
    if (!reuse || bufferId(buffer) < this.trustedFrom) {
      this.doom(buffer);
      return;
    }
    const key = `${size}_${usage}`;
    const list = this.free.get(key) ?? [];
    this.free.delete(key);
    this.free.set(key, list);
    // In falling order, so that the oldest buffer goes first: with the same tensors alive, every step gets the same buffers.
    const at = list.findIndex((other) => bufferId(other) < bufferId(buffer));
    list.splice(at < 0 ? list.length : at, 0, buffer);
    this.numFree++;
    this.trim();
  }

  /** Destroys what left the pool; call it after a submit. */
  flush(): void {
    for (const buffer of this.doomed) buffer.destroy();
    this.doomed.length = 0;
  }

  getNumUsedBuffers(): number {
    return this.live.size - this.numFree;
  }

  getNumFreeBuffers(): number {
    return this.numFree;
  }

  dispose(): void {
    for (const buffer of this.live) buffer.destroy();
    this.flush();
    this.live.clear();
    this.free.clear();
    this.numFree = this.numBytesUsed = this.numBytesAllocated = 0;
  }

  private trim(): void {
    const bound = this.options.maxFreeBytes ?? Math.max(this.peakBytesUsed, 256 * 1024 * 1024);
    while (this.numBytesAllocated - this.numBytesUsed > bound) {
      const [key, list] = this.free.entries().next().value as [string, GPUBuffer[]];
      const newest = list.shift();
      if (newest) {
        this.numFree--;
        this.doom(newest);
      }
      if (list.length === 0) this.free.delete(key);
    }
  }

  private doom(buffer: GPUBuffer): void {
    this.live.delete(buffer);
    this.numBytesAllocated -= buffer.size;
    this.options.onDestroy?.(buffer);
    this.doomed.push(buffer);
  }
}
