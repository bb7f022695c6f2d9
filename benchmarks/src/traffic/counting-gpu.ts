/** A buffer that holds nothing. */
class CountingBuffer {
  readonly size: number;
  readonly usage: number;
  constructor({ size, usage }: { size: number; usage: number }) {
    this.size = size;
    this.usage = usage;
  }
  getMappedRange = () => new ArrayBuffer(this.size);
  mapAsync = async () => undefined;
  unmap() {}
  destroy() {}
}

/** Those of an H200. */
const h200Limits = {
  maxComputeWorkgroupStorageSize: 49152,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
  maxBufferSize: 2 ** 32,
  minStorageBufferOffsetAlignment: 256,
  maxStorageBuffersPerShaderStage: 16,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupSizeY: 1024,
  maxComputeWorkgroupSizeZ: 64,
};
export type CountedLimits = typeof h200Limits;

/** What WebGPU promises on every device: a phone's. */
export const smallestLimits: CountedLimits = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  minStorageBufferOffsetAlignment: 256,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
};

const features = new Set(["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"]);
const info = {
  ...{ vendor: "counting", architecture: "", device: "", description: "a device that only counts" },
  ...{ subgroupMinSize: 32, subgroupMaxSize: 32 },
  subgroupMatrixConfigs: [{ M: 16, N: 16, K: 16, componentType: "f16", resultComponentType: "f32" }],
};

interface BufferBinding {
  buffer: CountingBuffer;
  offset?: number;
  size?: number;
}

/** What a device would refuse. */
const checksOf = (limits: CountedLimits) => {
  const atMost = (what: string, got: number, name: keyof CountedLimits) => {
    if (got > limits[name]) throw new RangeError(`${what}: expected at most ${limits[name]} (${name}), got ${got}`);
  };
  return {
    buffer: ({ size }: { size: number }) => atMost("buffer", size, "maxBufferSize"),
    layout: ({ entries, label }: { entries: { buffer: { type: string } }[]; label?: string }) =>
      atMost(
        `layout ${label}`,
        entries.filter(({ buffer }) => buffer.type !== "uniform").length,
        "maxStorageBuffersPerShaderStage",
      ),
    bindings: ({ entries }: { entries: { resource: BufferBinding }[] }) => {
      for (const { resource } of entries) {
        const { buffer, offset = 0, size = buffer.size - offset } = resource;
        atMost("binding", size, "maxStorageBufferBindingSize");
        if (offset % limits.minStorageBufferOffsetAlignment !== 0 || offset + size > buffer.size)
          throw new RangeError(`binding: expected a part of ${buffer.size} bytes, got ${size} from ${offset}`);
      }
    },
    pipeline: (label: string, code: string) => {
      const size = /@workgroup_size\(([\d, ]+)\)/.exec(code)?.[1];
      if (size)
        atMost(
          label,
          size
            .split(",")
            .map(Number)
            .reduce((a, b) => a * b),
          "maxComputeInvocationsPerWorkgroup",
        );
      atMost(label, workgroupBytes(code), "maxComputeWorkgroupStorageSize");
    },
    dispatch: (...groups: number[]) => {
      for (const count of groups) atMost("dispatch", count, "maxComputeWorkgroupsPerDimension");
    },
  };
};

const scalarBytes: Record<string, number> = { f32: 4, u32: 4, i32: 4, f16: 2 };

/** Bytes of the workgroup variables of a shader. */
export const workgroupBytes = (code: string): number => {
  const aliases = new Map([...code.matchAll(/alias (\w+) = (.+);/g)].map(([, name, type]) => [name!, type!]));
  const bytesOf = (type: string): number => {
    const array = /^array<(.+), (\d+)u?>$/.exec(type);
    if (array) return bytesOf(array[1]!) * Number(array[2]);
    const inner = /^(?:vec([24])|atomic)<(\w+)>$/.exec(type);
    if (inner) return Number(inner[1] ?? 1) * bytesOf(inner[2]!);
    const bytes = scalarBytes[type] ?? (aliases.has(type) ? bytesOf(aliases.get(type)!) : undefined);
    if (bytes === undefined)
      throw new Error(`workgroupBytes: expected scalars, vectors and arrays of a fixed length, got ${type}`);
    return bytes;
  };
  return [...code.matchAll(/var<workgroup> \w+ ?: (.+?);/g)].reduce((sum, [, type]) => sum + bytesOf(type!), 0);
};

const countingDevice = (limits: CountedLimits) => {
  const checks = checksOf(limits);
  const pass = { setPipeline() {}, setBindGroup() {}, dispatchWorkgroups: checks.dispatch, end() {} };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer() {}, finish: () => ({}) };
  const pipeline = { getBindGroupLayout: () => ({}) };
  return {
    ...{ features, limits, lost: new Promise<never>(() => undefined) },
    addEventListener() {},
    pushErrorScope() {},
    popErrorScope: async () => null,
    createBuffer(descriptor: { size: number; usage: number }) {
      checks.buffer(descriptor);
      return new CountingBuffer(descriptor);
    },
    createShaderModule: ({ code }: { code: string }) => ({ code, getCompilationInfo: async () => ({ messages: [] }) }),
    createBindGroupLayout(descriptor: Parameters<typeof checks.layout>[0]) {
      checks.layout(descriptor);
      return {};
    },
    createPipelineLayout: () => ({}),
    createComputePipeline({ label, compute }: { label?: string; compute: { module: { code: string } } }) {
      checks.pipeline(label ?? "pipeline", compute.module.code);
      return pipeline;
    },
    createComputePipelineAsync: async () => pipeline,
    createBindGroup(descriptor: Parameters<typeof checks.bindings>[0]) {
      checks.bindings(descriptor);
      return {};
    },
    createCommandEncoder: () => encoder,
    queue: { writeBuffer() {}, submit() {}, onSubmittedWorkDone: async () => undefined },
    destroy() {},
  };
};

/**
 * A WebGPU that computes nothing: what a program asks of a GPU is counted without one. It has an H200's features and refuses
 * what is beyond `limits`, by default the H200's.
 */
export const countingGpu = (limits: CountedLimits = h200Limits): GPU => {
  const bits = { MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 };
  Object.assign(globalThis, {
    GPUBuffer: CountingBuffer,
    GPUTexture: class {},
    GPUBufferUsage: bits,
    GPUTextureUsage: bits,
    GPUShaderStage: { COMPUTE: 4 },
    GPUMapMode: { READ: 1 },
  });
  const adapter = { features, limits, info, requestDevice: async () => countingDevice(limits) };
  return { requestAdapter: async () => adapter } as unknown as GPU;
};
