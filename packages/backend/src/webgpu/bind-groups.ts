/// <reference types="@webgpu/types" />
import { bufferId } from "./buffer-pool.ts";

/** A part of a buffer as a binding. */
export interface Binding {
  buffer: GPUBuffer;
  /**
   * Bytes from the start of the buffer.
   *
   * @defaultValue `0`
   */
  offset?: number;
  /**
   * Bytes that are bound.
   *
   * @defaultValue the rest of the buffer
   */
  size?: number;
}

/**
 * Bind groups by layout and buffers. With a pool that hands out the same buffers in the same order every step, a step makes
 * no new ones. A buffer that is about to be destroyed takes its bind groups along, so that nothing keeps its memory.
 */
export class BindGroupCache {
  private readonly groups = new Map<string, { group: GPUBindGroup; buffers: ReadonlySet<number> }>();
  private readonly byBuffer = new Map<number, Set<string>>();
  created = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly maxGroups = 16384,
  ) {}

  get(layoutId: number, layout: GPUBindGroupLayout, bindings: readonly Binding[]): GPUBindGroup {
    let key = `${layoutId}`;
    for (const { buffer, offset, size } of bindings)
      key += offset === undefined ? `|${bufferId(buffer)}` : `|${bufferId(buffer)}:${offset}:${size}`;
    const found = this.groups.get(key);
    if (found) return found.group;
    if (this.groups.size >= this.maxGroups) this.clear();
    const group = this.device.createBindGroup({
      layout,
      entries: bindings.map((resource, binding) => ({ binding, resource })),
    });
    this.created++;
    const buffers = new Set(bindings.map(({ buffer }) => bufferId(buffer)));
    this.groups.set(key, { group, buffers });
    for (const id of buffers) {
      let keys = this.byBuffer.get(id);
      if (!keys) this.byBuffer.set(id, (keys = new Set()));
      keys.add(key);
    }
    return group;
  }

  forget(buffer: GPUBuffer): void {
    const id = bufferId(buffer);
    for (const key of this.byBuffer.get(id) ?? []) {
      // The other buffers of the group may live for long: a weight is bound beside many that pass by.
      for (const other of this.groups.get(key)?.buffers ?? []) this.release(other, key);
      this.groups.delete(key);
    }
  }

  /** What is remembered: groups, and mentions of them by buffer. */
  get size(): { groups: number; references: number } {
    const references = [...this.byBuffer.values()].reduce((sum, keys) => sum + keys.size, 0);
    return { groups: this.groups.size, references };
  }

  private release(id: number, key: string): void {
    const keys = this.byBuffer.get(id);
    keys?.delete(key);
    if (keys?.size === 0) this.byBuffer.delete(id);
  }

  clear(): void {
    this.groups.clear();
    this.byBuffer.clear();
  }
}
