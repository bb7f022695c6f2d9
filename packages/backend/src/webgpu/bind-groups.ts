/// <reference types="@webgpu/types" />
import { bufferId } from "./buffer-pool.ts";

/** A part of a buffer as a binding. */
export interface Binding {
  buffer: GPUBuffer;
  offset?: number;
  size?: number;
}

/**
 * Bind groups by layout and buffers. With a pool that hands out the same buffers in the same order every step, a step makes
 * no new ones. A buffer that is about to be destroyed takes its bind groups along, so that nothing keeps its memory.
 */
export class BindGroupCache {
  private groups = new Map<string, GPUBindGroup>();
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
    if (found) return found;
    if (this.groups.size >= this.maxGroups) this.clear();
    const group = this.device.createBindGroup({
      layout,
      entries: bindings.map((resource, binding) => ({ binding, resource })),
    });
    this.created++;
    this.groups.set(key, group);
    for (const { buffer } of bindings) {
      const id = bufferId(buffer);
      let keys = this.byBuffer.get(id);
      if (!keys) this.byBuffer.set(id, (keys = new Set()));
      keys.add(key);
    }
    return group;
  }

  forget(buffer: GPUBuffer): void {
    const id = bufferId(buffer);
    for (const key of this.byBuffer.get(id) ?? []) this.groups.delete(key);
    this.byBuffer.delete(id);
  }

  clear(): void {
    this.groups.clear();
    this.byBuffer.clear();
  }
}
