/// <reference types="@webgpu/types" />
import { util } from "@tensorflow/tfjs-core";

/** A uniform buffer, and the bind group of it alone once there is one. */
export interface Uniforms {
  buffer: GPUBuffer;
  /**
   * The bind group of the buffer.
   *
   * @defaultValue absent until first bound
   */
  group?: GPUBindGroup;
  /** Greater than those of all that were used before. */
  lastUse: number;
}

/**
 * Uniform buffers by content. A training step passes the same sizes every time, so nearly every dispatch finds its buffer;
 * only what changed (a learning rate, a seed) is uploaded. `recycle()` follows a submit: only then may a buffer be rewritten.
 */
export class UniformCache {
  private readonly entries = new Map<string, Uniforms>();
  private readonly spare = new Map<number, Uniforms[]>();
  private uses = 0;
  uploads = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly maxEntries = 1024,
  ) {}

  /** The uniforms of this key, which names the content; `pack` makes it if it is new. */
  get(key: string, pack: () => Uint32Array): Uniforms {
    const found = this.entries.get(key);
    if (found) {
      found.lastUse = ++this.uses;
      return found;
    }
    const words = pack();
    const size = Math.ceil(words.byteLength / 16) * 16;
    const uniforms: Uniforms = this.spare.get(size)?.pop() ?? {
      buffer: this.device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST }),
      lastUse: 0,
    };
    this.device.queue.writeBuffer(uniforms.buffer, 0, words as Uint32Array<ArrayBuffer>);
    this.uploads++;
    uniforms.lastUse = ++this.uses;
    this.entries.set(key, uniforms);
    return uniforms;
  }

  /** The bind group of uniforms alone, at binding 0. */
  group(uniforms: Uniforms, layout: GPUBindGroupLayout): GPUBindGroup {
    const { buffer } = uniforms;
    uniforms.group ??= this.device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
    return uniforms.group;
  }

  /** If there are too many, leaves the quarter that was not used for longest to be rewritten. */
  recycle(): void {
    const { maxEntries, entries, spare } = this;
    if (entries.size <= maxEntries) return;
    const byUse = [...entries].sort(([, a], [, b]) => a.lastUse - b.lastUse);
    for (const [key, uniforms] of byUse.slice(0, entries.size - Math.floor(0.75 * maxEntries))) {
      entries.delete(key);
      const list = spare.get(uniforms.buffer.size) ?? [];
      spare.set(uniforms.buffer.size, list);
      list.push(uniforms);
    }
  }

  dispose(): void {
    for (const { buffer } of this.entries.values()) buffer.destroy();
    for (const list of this.spare.values()) for (const { buffer } of list) buffer.destroy();
    this.entries.clear();
    this.spare.clear();
  }
}

/**
 * What {@link packUniforms} makes of the values, as text: cheaper to compare than to pack. `names` are those of the types, and
 * `types` one letter each, since 1 is not the same word as u32 and as f32.
 */
export const uniformsKey = (
  types: string,
  names: readonly string[],
  values: Readonly<Record<string, number>>,
): string => {
  let key = types;
  for (const name of names) key += `,${values[name]}`;
  return key;
};

/** Packs named scalars in the order of their declaration; each takes four bytes. */
export const packUniforms = (
  types: Readonly<Record<string, "u32" | "i32" | "f32">>,
  values: Readonly<Record<string, number>>,
): Uint32Array => {
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
};

/** A uniform of tfjs's own kernels. */
export interface UniformField {
  type: string;
  data: number[];
}

/** What tfjs's own kernels read, in its order; `tensors` are the inputs, then the output. */
export const tfjsFields = (
  program: {
    /** @defaultValue `false` */
    size?: boolean;
    outputShape: number[];
    /** @defaultValue `1` */
    outputComponent?: number;
  },
  tensors: readonly { shape: number[] }[],
  extra: readonly UniformField[] = [],
): UniformField[] => {
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
};

/** tfjs's uniform fields under WGSL's alignment rules: vectors of 2 on 8 bytes, longer ones on 16. */
export const packFields = (fields: readonly UniformField[]): Uint32Array => {
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
};
