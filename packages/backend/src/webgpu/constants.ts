/// <reference types="@webgpu/types" />

/** Bytes of values up to which they share a buffer with all equal ones: a scalar, or a vector of four. */
export const maxConstantBytes = 16;

interface Constant {
  key: string;
  buffer: GPUBuffer;
  /** Tensors whose values it holds. */
  tensors: number;
}

/**
 * Buffers of small values by content: the factors of an optimizer are the same in every step and for every parameter, and an
 * upload costs the host more than a dispatch. Nothing may write into them. `recycle()` follows a submit: only then may a buffer
 * be rewritten.
 */
export class ConstantCache {
  private readonly entries = new Map<string, Constant>();
  private readonly byBuffer = new Map<GPUBuffer, Constant>();
  private readonly spare = new Map<number, GPUBuffer[]>();

  constructor(
    private readonly device: GPUDevice,
    private readonly maxEntries = 1024,
  ) {}

  /** The buffer of these words, for one more tensor. */
  take(words: Uint32Array): GPUBuffer {
    const key = words.join(",");
    let constant = this.entries.get(key);
    if (!constant) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const size = words.byteLength;
      const buffer = this.spare.get(size)?.pop() ?? this.device.createBuffer({ size, usage });
      this.device.queue.writeBuffer(buffer, 0, words as Uint32Array<ArrayBuffer>);
      constant = { key, buffer, tensors: 0 };
      this.byBuffer.set(buffer, constant);
    }
    // In the order of last use.
    this.entries.delete(key);
    this.entries.set(key, constant);
    constant.tensors++;
    return constant.buffer;
  }

  /** A tensor has done with it. Says whether it is one of these buffers. */
  release(buffer: GPUBuffer): boolean {
    const constant = this.byBuffer.get(buffer);
    if (!constant) return false;
    constant.tensors--;
    if (constant.tensors === 0 && this.entries.get(constant.key) !== constant) this.byBuffer.delete(buffer);
    return true;
  }

  has(buffer: GPUBuffer): boolean {
    return this.byBuffer.has(buffer);
  }

  /** Leaves those that no tensor holds to be rewritten, if there are too many. */
  recycle(): void {
    for (const [key, { buffer, tensors }] of this.entries) {
      if (this.entries.size <= this.maxEntries) return;
      if (tensors > 0) continue;
      this.entries.delete(key);
      this.byBuffer.delete(buffer);
      const list = this.spare.get(buffer.size) ?? [];
      this.spare.set(buffer.size, list);
      list.push(buffer);
    }
  }

  /** After an error of the device, which may have made an invalid buffer: later constants get others. */
  distrust(): void {
    this.entries.clear();
    this.spare.clear();
  }

  dispose(): void {
    for (const buffer of [...this.byBuffer.keys(), ...[...this.spare.values()].flat()]) buffer.destroy();
    this.byBuffer.clear();
    this.distrust();
  }
}
