/** A stand-in for a GPU that computes nothing, for counting what a step asks of one. */
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

function countingDevice() {
  const pass = { setPipeline() {}, setBindGroup() {}, dispatchWorkgroups() {}, end() {} };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer() {}, finish: () => ({}) };
  return {
    features: new Set(["shader-f16", "subgroups"]),
    limits,
    createBuffer: (descriptor: { size: number; usage: number }) => new CountingBuffer(descriptor),
    createShaderModule: () => ({}),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipeline: () => ({ getBindGroupLayout: () => ({}) }),
    createBindGroup: () => ({}),
    createCommandEncoder: () => encoder,
    queue: { writeBuffer() {}, submit() {}, onSubmittedWorkDone: async () => undefined },
    destroy() {},
  };
}

/** What is read off a backend that counts. */
export interface CountingBackend {
  dispatchCounters(): { bindGroups: number; uniformUploads: number; submits: number };
  countTraffic(body: () => void): Map<string, { dispatches: number; bytes: number }>;
  memory(): { numBytesAllocatedInGPU: number };
}

/** The WebGPU backend beside this package, over such a device with the limits and the matrix units of an H200. */
export async function createCountingBackend(tier: string): Promise<CountingBackend> {
  const bits = { MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 };
  Object.assign(globalThis, {
    GPUBuffer: CountingBuffer,
    GPUTexture: class {},
    GPUBufferUsage: bits,
    GPUTextureUsage: bits,
    GPUShaderStage: { COMPUTE: 4 },
    GPUMapMode: { READ: 1 },
  });
  Object.defineProperty(globalThis, "navigator", { value: { gpu: {}, userAgent: "node" }, configurable: true });
  // Not a static import: the layers forbid one.
  const url = new URL("../../backend/src/webgpu/webgpu-backend.ts", import.meta.url).href;
  const { CramkitWebgpuBackend } = await import(url);
  const { env } = await import("@tensorflow/tfjs-core");
  env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 256);
  env().set("WEBGPU_CPU_FORWARD", false);
  const capabilities = {
    ...{ tier, f16: true, subgroups: true, subgroupMinSize: 32, subgroupMaxSize: 32, limits, variants: {} },
    matrix: [{ m: 16, n: 16, k: 16, component: "f16", result: "f32" }],
    matrixSpelling: "new",
  };
  const opened = { device: countingDevice(), check() {} };
  const backend = new CramkitWebgpuBackend(opened, { vendor: "counting" }, capabilities);
  // The step reads its loss, which nobody computed.
  backend.readSync = () => {
    backend.submitQueue();
    return new Float32Array(1);
  };
  return backend;
}
