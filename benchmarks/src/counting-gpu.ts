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
const limits = {
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
const features = new Set(["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix"]);
const info = {
  ...{ vendor: "counting", architecture: "", device: "", description: "a device that only counts" },
  ...{ subgroupMinSize: 32, subgroupMaxSize: 32 },
  subgroupMatrixConfigs: [{ M: 16, N: 16, K: 16, componentType: "f16", resultComponentType: "f32" }],
};

const countingDevice = () => {
  const pass = { setPipeline() {}, setBindGroup() {}, dispatchWorkgroups() {}, end() {} };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer() {}, finish: () => ({}) };
  const pipeline = { getBindGroupLayout: () => ({}) };
  return {
    ...{ features, limits, lost: new Promise<never>(() => undefined) },
    addEventListener() {},
    pushErrorScope() {},
    popErrorScope: async () => null,
    createBuffer: (descriptor: { size: number; usage: number }) => new CountingBuffer(descriptor),
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipeline: () => pipeline,
    createComputePipelineAsync: async () => pipeline,
    createBindGroup: () => ({}),
    createCommandEncoder: () => encoder,
    queue: { writeBuffer() {}, submit() {}, onSubmittedWorkDone: async () => undefined },
    destroy() {},
  };
};

/** A WebGPU with the features of an H200 that computes nothing: what a program asks of a GPU is counted without one. */
export const countingGpu = (): GPU => {
  const bits = { MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 };
  Object.assign(globalThis, {
    GPUBuffer: CountingBuffer,
    GPUTexture: class {},
    GPUBufferUsage: bits,
    GPUTextureUsage: bits,
    GPUShaderStage: { COMPUTE: 4 },
    GPUMapMode: { READ: 1 },
  });
  const adapter = { features, limits, info, requestDevice: async () => countingDevice() };
  return { requestAdapter: async () => adapter } as unknown as GPU;
};
