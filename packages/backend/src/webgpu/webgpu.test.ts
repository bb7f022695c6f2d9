import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { adapterName, chooseAdapter, isSoftware } from "./adapter.ts";
import { BindGroupCache } from "./bind-groups.ts";
import { BufferPool } from "./buffer-pool.ts";
import { bestTier, type Capabilities, requireTier } from "./capabilities.ts";
import { ConstantCache } from "./constants.ts";
import { openDevice } from "./device.ts";
import { dawnArguments, type GpuSource } from "./gpu.ts";
import { describeWebgpu } from "./report.ts";
import { spellingProbe } from "./spelling.ts";
import { packUniforms, UniformCache, uniformsKey } from "./uniforms.ts";
import { webgpuFault } from "./webgpu-fault.ts";

const matrix = [{ m: 16, n: 16, k: 16, component: "f16", result: "f32" }];
const full = { f16: true, subgroups: true, matrix, matrixSpelling: "new" as const };
const capabilities: Capabilities = {
  ...full,
  tier: "matrix",
  subgroupMinSize: 32,
  subgroupMaxSize: 32,
  subgroupSizeControl: true,
  limits: {
    maxComputeWorkgroupStorageSize: 49152,
    maxComputeInvocationsPerWorkgroup: 1024,
    maxComputeWorkgroupsPerDimension: 65535,
    maxStorageBufferBindingSize: 2 ** 31 - 4,
    maxBufferSize: 2 ** 32,
    minStorageBufferOffsetAlignment: 256,
    maxStorageBuffersPerShaderStage: 16,
  },
  variants: {},
};

describe("dawnArguments", () => {
  it("unlocks f16 and matrices on NVIDIA and timestamps everywhere", () => {
    expect(dawnArguments({})).toEqual([
      "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia",
      "disable-dawn-features=timestamp_quantization",
    ]);
  });

  it("adds toggles and an adapter", () => {
    expect(dawnArguments({ toggles: { enable: ["dump_shaders"] }, adapterName: "H200" })).toEqual([
      "enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,dump_shaders",
      "disable-dawn-features=timestamp_quantization",
      "adapter=H200",
    ]);
  });
});

describe("bestTier", () => {
  it.each([
    ["float32", full, "float32"],
    ["mixed", full, "matrix"],
    ["mixed", { ...full, matrix: [] }, "float16"],
    ["mixed", { ...full, matrixSpelling: undefined }, "float16"],
    ["mixed", { ...full, subgroups: false }, "float16"],
    ["mixed", { ...full, f16: false }, "float32"],
  ] as const)("%s with %o is %s", (precision, device, tier) => {
    expect(bestTier(precision, device)).toBe(tier);
  });
});

describe("requireTier", () => {
  it("refuses a precision or a tier that the adapter has not, and names the way out", () => {
    expect(requireTier("float16", "mixed", "matrix")).toBe("float16");
    expect(() => requireTier("float32", "mixed", "float32")).toThrow(
      /expected shader-f16 for precision "mixed".*use precision "float32", update the driver/,
    );
    expect(() => requireTier("matrix", "mixed", "float16")).toThrow(
      /expected tier float16 or below on this adapter, got "matrix"; see `cramkit doctor`/,
    );
  });
});

describe("openDevice", () => {
  /** An adapter whose device raises `error` some time after it was opened. */
  const adapterWith = (features: string[] = []) => {
    const target = new EventTarget();
    const asked: { requiredFeatures?: string[] } = {};
    const device = Object.assign(target, { lost: new Promise<never>(() => undefined) });
    const adapter = {
      features: new Set(features),
      limits: {},
      info: { description: "a card" },
      requestDevice: async (descriptor: object) => Object.assign(asked, descriptor) && device,
    } as unknown as GPUAdapter;
    return { adapter, target, asked };
  };
  class GPUOutOfMemoryError {
    constructor(readonly message: string) {}
  }

  it("reports memory that ran out at the next call, once, with the way out", async () => {
    const { adapter, target } = adapterWith();
    const { check } = await openDevice(adapter);
    check();
    for (const message of ["Failed to allocate memory", "a consequence"])
      target.dispatchEvent(Object.assign(new Event("uncapturederror"), { error: new GPUOutOfMemoryError(message) }));
    expect(check).toThrow(/out of device memory \(Failed to allocate memory\); use a smaller batch/);
    expect(check).not.toThrow();
  });

  it("asks only for features that the adapter has", async () => {
    const { adapter, asked } = adapterWith(["subgroups", "texture-compression-bc"]);
    await openDevice(adapter);
    expect(asked.requiredFeatures).toEqual(["subgroups"]);
  });

  it("says what to do where an adapter gives no device", async () => {
    const adapter = { ...adapterWith().adapter, requestDevice: () => Promise.reject(new Error("limits")) };
    await expect(openDevice(adapter as GPUAdapter)).rejects.toThrow(
      /a card gave no device \(limits\); close other programs/,
    );
  });
});

describe("chooseAdapter", () => {
  const info = { vendor: "mesa", architecture: "software", device: "llvmpipe", description: "llvmpipe: Mesa 26" };
  const source = (adapter: object | null): GpuSource =>
    ({
      gpu: { requestAdapter: async () => adapter },
      host: "dawn",
      toggles: { enable: [], disable: [] },
    }) as unknown as GpuSource;

  it("labels software adapters", () => {
    expect(isSoftware(info as GPUAdapterInfo)).toBe(true);
    expect(isSoftware({ vendor: "nvidia", description: "NVIDIA H200" } as GPUAdapterInfo)).toBe(false);
    expect(adapterName(info as GPUAdapterInfo)).toContain("software adapter");
  });

  it("refuses them unless they are allowed, and names the way out", async () => {
    await expect(chooseAdapter(source({ info }))).rejects.toThrow(/expected a GPU, got llvmpipe.*allowSoftware/);
    const { details } = await chooseAdapter(source({ info })).catch((error) => error);
    expect(details).toEqual({ option: "allowSoftware" }); // as whoever has another name for it can tell
    await expect(chooseAdapter(source({ info }), { [details.option]: true })).resolves.toEqual({ info });
  });

  it("says what to install where there is none", async () => {
    await expect(chooseAdapter(source(null))).rejects.toThrow(/got none; install a Vulkan 1.3 driver/);
  });
});

describe("webgpuFault", () => {
  class GPUOutOfMemoryError {
    constructor(readonly message: string) {}
  }
  class GPUValidationError {
    constructor(readonly message: string) {}
  }

  it.each([
    [new GPUOutOfMemoryError("Failed to allocate"), "out-of-memory", /out of device memory.*smaller batch/],
    [
      new GPUValidationError("Buffer size (1e12) exceeds the max buffer size limit (268435456)."),
      "out-of-memory",
      /beyond this device's limits/,
    ],
    [
      new GPUValidationError("Error while parsing WGSL: :1:29"),
      "unsupported",
      /a kernel did not compile.*cramkit doctor/,
    ],
    [new GPUValidationError("anything else"), "unsupported", /^webgpu: anything else$/],
  ] as const)("%o", (error, code, message) => {
    const made = webgpuFault(error);
    expect(made.code).toBe(code);
    expect(made.message).toMatch(message);
  });
});

describe("BufferPool", () => {
  const fake = () => {
    const destroyed: number[] = [];
    const device = {
      createBuffer: ({ size, usage }: { size: number; usage: number }) => ({
        size,
        usage,
        destroy: () => destroyed.push(size),
      }),
    } as unknown as GPUDevice;
    return { device, destroyed };
  };

  it("hands a released buffer out again at once", () => {
    const { device } = fake();
    const pool = new BufferPool(device);
    const buffer = pool.acquireBuffer(64, 1);
    pool.releaseBuffer(buffer);
    expect(pool.acquireBuffer(64, 2)).not.toBe(buffer);
    expect(pool.acquireBuffer(64, 1)).toBe(buffer);
    expect(pool.getNumUsedBuffers()).toBe(2);
    expect(pool.numBytesUsed).toBe(128);
  });

  it("keeps at most the bound, drops the longest unused first and destroys only after a submit", () => {
    const { device, destroyed } = fake();
    const forgotten: number[] = [];
    const pool = new BufferPool(device, { maxFreeBytes: 100, onDestroy: ({ size }) => forgotten.push(size) });
    for (const buffer of [10, 20, 30, 90].map((size) => pool.acquireBuffer(size, 1))) pool.releaseBuffer(buffer);
    expect(forgotten).toEqual([10, 20, 30]);
    expect(destroyed).toEqual([]);
    pool.flush();
    expect(destroyed).toEqual([10, 20, 30]);
    expect([pool.numBytesUsed, pool.numBytesAllocated, pool.getNumFreeBuffers()]).toEqual([0, 90, 1]);
  });
});

describe("BufferPool after errors", () => {
  it("counts no buffer that the device refused to make", () => {
    const createBuffer = () => {
      throw new RangeError("createBuffer failed, size (5000000000) is too large");
    };
    const pool = new BufferPool({ createBuffer } as unknown as GPUDevice);
    expect(() => pool.acquireBuffer(5e9, 1, true)).toThrow("too large");
    expect([pool.numBytesUsed, pool.numBytesAllocated, pool.getNumUsedBuffers()]).toEqual([0, 0, 0]);
  });

  it("hands out nothing that was made before the device raised an error: it may be invalid", () => {
    const pool = new BufferPool({
      createBuffer: (descriptor: object) => ({ ...descriptor, destroy() {} }),
    } as unknown as GPUDevice);
    const [free, used] = [pool.acquireBuffer(64, 1), pool.acquireBuffer(64, 1)];
    pool.releaseBuffer(free);
    pool.distrust();
    const fresh = pool.acquireBuffer(64, 1);
    pool.releaseBuffer(used);
    pool.releaseBuffer(fresh);
    const again = [pool.acquireBuffer(64, 1), pool.acquireBuffer(64, 1)];
    expect(again[0]).toBe(fresh);
    expect([free, used]).not.toContain(again[1]);
    expect([pool.numBytesUsed, pool.numBytesAllocated]).toEqual([128, 128]);
  });
});

describe("BindGroupCache", () => {
  it("remembers nothing of a buffer that is gone, not even beside one that stays", () => {
    const cache = new BindGroupCache({ createBindGroup: () => ({}) } as unknown as GPUDevice);
    const [weight, layout] = [{} as GPUBuffer, {} as GPUBindGroupLayout];
    for (let i = 0; i < 100; i++) {
      const passing = {} as GPUBuffer;
      cache.get(1, layout, [{ buffer: weight }, { buffer: passing }, { buffer: weight, offset: 256, size: 4 }]);
      cache.forget(passing);
    }
    expect(cache.created).toBe(100);
    expect(cache.size).toEqual({ groups: 0, references: 0 });
  });
});

describe("packUniforms", () => {
  it("packs by type in the order of the declaration", () => {
    const words = packUniforms({ rows: "u32", epsilon: "f32", first: "i32" }, { first: -1, rows: 7, epsilon: 0.5 });
    expect([...words]).toEqual([7, 0x3f000000, 0xffffffff, 0]);
  });

  it("misses nothing silently", () => {
    expect(() => packUniforms({ rows: "u32" }, {})).toThrow("expected a value for the uniform rows");
  });
});

describe("ConstantCache", () => {
  beforeAll(() => void vi.stubGlobal("GPUBufferUsage", { STORAGE: 128, COPY_SRC: 4, COPY_DST: 8 }));
  afterAll(() => void vi.unstubAllGlobals());
  const words = (...values: number[]) => new Uint32Array(new Float32Array(values).buffer);
  const cacheOf = (maxEntries: number) => {
    const written: [number, string][] = [];
    let made = 0;
    const device = {
      createBuffer: ({ size }: { size: number }) => ({ size, number: ++made }),
      queue: {
        writeBuffer: (to: { number: number }, _: number, from: Uint32Array) => written.push([to.number, `${from}`]),
      },
    };
    return { cache: new ConstantCache(device as unknown as GPUDevice, maxEntries), written };
  };

  it("holds equal values once", () => {
    const { cache, written } = cacheOf(8);
    expect(cache.take(words(0.9))).toBe(cache.take(words(0.9)));
    expect(cache.take(words(0.9, 0.9))).not.toBe(cache.take(words(0.9)));
    expect(written).toHaveLength(2);
  });

  it("rewrites a buffer only after a submit, and only what no tensor holds", () => {
    const { cache, written } = cacheOf(2);
    const held = cache.take(words(1));
    for (let step = 0; step < 100; step++) {
      const rate = cache.take(words(2 + step));
      expect(rate).not.toBe(held);
      expect(cache.release(rate)).toBe(true);
      cache.recycle();
    }
    expect(written.filter(([number]) => number === 1)).toHaveLength(1);
    expect(new Set(written.map(([number]) => number)).size).toBeLessThanOrEqual(3);
    expect(cache.take(words(1))).toBe(held);
  });

  it("knows its own buffers, and makes new ones after an error of the device", () => {
    const { cache } = cacheOf(2);
    const before = cache.take(words(1));
    expect([cache.has(before), cache.release({} as GPUBuffer)]).toEqual([true, false]);
    cache.distrust();
    expect(cache.take(words(1))).not.toBe(before);
    expect(cache.release(before)).toBe(true);
  });
});

describe("UniformCache", () => {
  const layout = {} as GPUBindGroupLayout;
  beforeAll(() => void vi.stubGlobal("GPUBufferUsage", { UNIFORM: 64, COPY_DST: 8 }));
  afterAll(() => void vi.unstubAllGlobals());
  const cacheOf = (maxEntries: number) => {
    const made = { buffers: 0, groups: 0 };
    const device = {
      createBuffer: ({ size }: { size: number }) => ({ size, number: ++made.buffers }),
      createBindGroup: () => ({ number: ++made.groups }),
      queue: { writeBuffer: () => undefined },
    };
    return { cache: new UniformCache(device as unknown as GPUDevice, maxEntries), made };
  };
  const words = () => new Uint32Array(4);

  it("uploads a content once and binds it once", () => {
    const { cache, made } = cacheOf(8);
    for (let i = 0; i < 3; i++) cache.group(cache.get("a", words), layout);
    cache.get("b", words);
    expect([cache.uploads, made]).toEqual([2, { buffers: 2, groups: 1 }]);
  });

  it("rewrites the buffers that were not used for longest, after a submit, and binds them no second time", () => {
    const { cache, made } = cacheOf(8);
    for (let step = 0; step < 100; step++) {
      cache.group(cache.get("sizes", words), layout);
      cache.group(cache.get(`learning rate ${step}`, words), layout);
      cache.recycle();
    }
    expect(cache.uploads).toBe(101);
    expect(made.buffers).toBe(9);
    expect(made.groups).toBe(made.buffers);
  });

  it("tells equal numbers of different types apart", () => {
    const values = { rows: 1, scale: 2 };
    expect(uniformsKey("uf", ["rows", "scale"], values)).not.toBe(uniformsKey("uu", ["rows", "scale"], values));
    expect(uniformsKey("uf", ["rows", "scale"], values)).toBe(uniformsKey("uf", ["rows", "scale"], { ...values }));
  });
});

describe("spellingProbe", () => {
  it("differs in the calls alone", () => {
    expect(spellingProbe("new", matrix[0]!, 32)).toContain(
      "subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&a, 0u, 16u)",
    );
    expect(spellingProbe("old", matrix[0]!, 32)).toContain(
      "subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&a, 0u, false, 16u)",
    );
  });
});

describe("describeWebgpu", () => {
  const source = { host: "dawn" as const, toggles: { enable: [], disable: [] } };
  const nvidia = { vendor: "nvidia", architecture: "hopper", description: "NVIDIA H200" } as GPUAdapterInfo;
  const adviceFor = (
    change: Partial<Capabilities>,
    best: Capabilities["tier"],
    host: "dawn" | "browser" = "dawn",
    info: GPUAdapterInfo = nvidia,
  ) =>
    describeWebgpu({ ...source, host }, info, [], change.matrix ? [] : matrix, { ...capabilities, ...change }, best)
      .advice;

  it("has nothing to add where everything is used", () => {
    expect(adviceFor({}, "matrix")).toEqual([]);
  });

  it("says how to reach something faster", () => {
    expect(adviceFor({ tier: "float32" }, "matrix")).toEqual([
      expect.stringContaining('Precision "mixed" would use the matrix tier'),
    ]);
    expect(adviceFor({ tier: "float16", matrix: [] }, "float16")).toEqual([
      expect.stringContaining("VK_KHR_cooperative_matrix"),
    ]);
    expect(adviceFor({ tier: "float32", f16: false }, "float32", "browser")).toEqual([
      expect.stringContaining("--enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia"),
    ]);
    const lavapipe = { vendor: "mesa", architecture: "software", description: "llvmpipe" } as GPUAdapterInfo;
    expect(adviceFor({}, "matrix", "dawn", lavapipe)).toEqual([expect.stringContaining("use the CPU backend")]);
  });
});
