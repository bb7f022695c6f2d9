/// <reference types="@webgpu/types" />
import { util } from "@tensorflow/tfjs-core";

/**
 * Uniform buffers by content. A training step passes the same sizes every time, so nearly every dispatch finds its buffer;
 * only what changed (a learning rate, a seed) is uploaded. `recycle()` follows a submit: only then may a buffer be rewritten.
 */
export class UniformCache {
  /** In the order of last use. */
  private readonly entries = new Map<string, GPUBuffer>();
  private readonly spare = new Map<number, GPUBuffer[]>();
  uploads = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly maxEntries = 1024,
  ) {}

  get(words: Uint32Array): GPUBuffer {
    const key = words.join(",");
    let buffer = this.entries.get(key);
    if (buffer) {
      this.entries.delete(key);
      this.entries.set(key, buffer);
      return buffer;
    }
    const size = Math.ceil(words.byteLength / 16) * 16;
    buffer =
      this.spare.get(size)?.pop() ??
      this.device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    this.device.queue.writeBuffer(buffer, 0, words as Uint32Array<ArrayBuffer>);
    this.uploads++;
    this.entries.set(key, buffer);
    return buffer;
  }

  recycle(): void {
    for (const [key, buffer] of this.entries) {
      if (this.entries.size <= this.maxEntries) return;
      this.entries.delete(key);
      const list = this.spare.get(buffer.size) ?? [];
      this.spare.set(buffer.size, list);
      list.push(buffer);
    }
  }

  dispose(): void {
    for (const buffer of this.entries.values()) buffer.destroy();
    for (const list of this.spare.values()) for (const buffer of list) buffer.destroy();
    this.entries.clear();
    this.spare.clear();
  }
}

/** Packs named scalars in the order of their declaration; each takes four bytes. */
export function packUniforms(
  types: Readonly<Record<string, "u32" | "i32" | "f32">>,
  values: Readonly<Record<string, number>>,
): Uint32Array {
  const names = Object.keys(types);
  const words = new Uint32Array(Math.ceil(names.length / 4) * 4);
  const floats = new Float32Array(words.buffer);
  names.forEach((name, i) => {
    const value = values[name];
    if (value === undefined) throw new Error(`dispatch: expected a value for the uniform ${name}, got none`);
    if (types[name] === "f32") floats[i] = value;
    else words[i] = value;
  });
  return words;
}

/** A uniform of tfjs's own kernels. */
export interface UniformField {
  type: string;
  data: number[];
}

/** What tfjs's own kernels read, in its order; `tensors` are the inputs, then the output. */
export function tfjsFields(
  program: { size?: boolean; outputShape: number[]; outputComponent?: number },
  tensors: readonly { shape: number[] }[],
  extra: readonly UniformField[] = [],
): UniformField[] {
  const fields: UniformField[] = [
    { type: "float32", data: [Number.NaN] },
    { type: "float32", data: [Number.POSITIVE_INFINITY] },
  ];
  for (const { shape } of tensors)
    fields.push({ type: "int32", data: shape }, { type: "int32", data: util.computeStrides(shape) });
  if (program.size) {
    const size = util.sizeFromShape(program.outputShape);
    fields.push({ type: "int32", data: [program.outputComponent ? size / program.outputComponent : size] });
  }
  return [...fields, ...extra];
}

/** tfjs's uniform fields under WGSL's alignment rules: vectors of 2 on 8 bytes, longer ones on 16. */
export function packFields(fields: readonly UniformField[]): Uint32Array {
  const offsets: number[] = [];
  let end = 0;
  let previous = 0;
  for (const { data } of fields) {
    const length = Math.max(data.length, 1);
    const alignment = previous > 4 || length > 2 ? 4 : length;
    const offset = Math.ceil(end / alignment) * alignment;
    offsets.push(offset);
    end = offset + length;
    previous = length;
  }
  const words = new Uint32Array(Math.ceil(end / 4) * 4);
  const floats = new Float32Array(words.buffer);
  const ints = new Int32Array(words.buffer);
  fields.forEach(({ type, data }, i) => {
    const values = data.length === 0 ? [1] : data;
    if (type === "int32") ints.set(values, offsets[i]);
    else if (type === "uint32") words.set(values, offsets[i]);
    else floats.set(values, offsets[i]);
  });
  return words;
}
