import { spawnSync } from "node:child_process";
import {
  add,
  engine,
  findBackendFactory,
  matMul,
  memory,
  softmax,
  type TensorInfo,
  tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import type { Program } from "./pipelines.ts";
import { inspectWebgpu, type StartedWebgpu, startWebgpu } from "./start.ts";

let started: StartedWebgpu | undefined;
const start = async (options: Parameters<typeof startWebgpu>[0] = {}) => {
  started = await startWebgpu({ allowSoftware: true, ...options });
  return started;
};
afterEach(() => {
  started?.dispose();
  started = undefined;
});

const available = await start().then(
  ({ report, dispose }) => {
    dispose();
    started = undefined;
    return report;
  },
  (error: Error) => {
    if (process.env.CRAMKIT_REQUIRE_GPU) throw error;
    console.warn(`\n######## WebGPU backend NOT TESTED: ${error.message} ########\n`);
    return undefined;
  },
);

const double: Program = {
  key: "double",
  access: ["read", "write"],
  uniforms: { count: "u32", factor: "f32" },
  wgsl: () => `struct Uniforms { count: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> uniforms: Uniforms;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3<u32>) {
  if (at.x < uniforms.count) { y[at.x] = uniforms.factor * x[at.x]; }
}`,
};

describe.runIf(available)("the WebGPU backend", () => {
  it("runs tfjs's own kernels", async () => {
    await start();
    const y = tidy(() =>
      softmax(
        add(
          matMul(
            tensor([
              [1, 2],
              [3, 4],
            ]),
            tensor([
              [1, 0],
              [0, 1],
            ]),
          ),
          1,
        ),
      ),
    );
    const values = await y.data();
    expect(values[0]! + values[1]!).toBeCloseTo(1, 6);
    expect(values[1]! / values[0]!).toBeCloseTo(Math.E, 4);
    y.dispose();
    expect(memory().numTensors).toBe(0);
  });

  it("uploads and binds only what changed", async () => {
    const { backend } = await start();
    const x = tensor([1, 2, 3]);
    const run = async (factor: number) => {
      const y = backend.makeTensorInfo([3], "float32");
      backend.dispatch(double, [x, y], { count: 3, factor }, [1, 1, 1]);
      const result = engine().makeTensorFromTensorInfo(y as TensorInfo);
      const values = [...(await result.data())];
      result.dispose();
      return values;
    };
    expect(await run(2)).toEqual([2, 4, 6]);
    const before = backend.dispatchCounters();
    expect(await run(2)).toEqual([2, 4, 6]);
    expect(backend.dispatchCounters()).toEqual({ ...before, submits: before.submits + 1 });
    expect(await run(3)).toEqual([3, 6, 9]);
    expect(backend.dispatchCounters().uniformUploads).toBe(before.uniformUploads + 1);
    x.dispose();
  });

  it("shares the buffers of small values, and gives a kernel that writes into one its own", async () => {
    const { backend } = await start();
    const ones = [tensor([1, 1]), tensor([1, 1])] as const;
    const y = backend.makeTensorInfo([2], "float32");
    backend.dispatch(double, [ones[0], y], { count: 2, factor: 2 }, [1, 1, 1]);
    const { bindGroups } = backend.dispatchCounters();
    backend.dispatch(double, [ones[1], y], { count: 2, factor: 2 }, [1, 1, 1]);
    expect(backend.dispatchCounters().bindGroups).toBe(bindGroups);
    // In place, as an optimizer moves a short bias.
    backend.dispatch(double, [y, ones[0]], { count: 2, factor: 2 }, [1, 1, 1]);
    backend.written(ones[0]);
    expect([...(await ones[0].data())]).toEqual([4, 4]);
    const sum = add(ones[1], tensor([1, 1]));
    expect([...(await sum.data())]).toEqual([2, 2]);
  });

  it("counts dispatches and the bytes that they bind", async () => {
    const { backend } = await start();
    const [x, y] = [tensor([1, 2, 3]), backend.makeTensorInfo([3], "float32")];
    const run = () => backend.dispatch(double, [x, y], { count: 3, factor: 1 }, [1, 1, 1]);
    run();
    const traffic = backend.countTraffic(() => {
      run();
      run();
    });
    expect([...traffic]).toEqual([["double", { dispatches: 2, bytes: 48 }]]);
  });

  it("fills a deferred tensor when something binds it", async () => {
    const { backend } = await start();
    const [x, y] = [tensor([1, 2, 3]), backend.makeTensorInfo([3], "float32")];
    backend.defer(y, () => backend.dispatch(double, [x, y], { count: 3, factor: 5 }, [1, 1, 1]));
    expect(backend.isDeferred(y)).toBe(true);
    expect([...((await backend.read(y.dataId)) as Float32Array)]).toEqual([5, 10, 15]);
    expect(backend.isDeferred(y)).toBe(false);
  });

  it("says that a deferred tensor was disposed of before anything asked for it", async () => {
    const { backend } = await start();
    const said: string[] = [];
    const make = () => backend.makeTensorInfo([3], "float32");
    const [unread, read] = [make(), make()];
    backend.defer(
      unread,
      () => said.push("filled"),
      () => said.push("dropped"),
    );
    backend.disposeData(unread.dataId);
    expect(said).toEqual(["dropped"]);
    backend.defer(
      read,
      () => said.push("filled"),
      () => said.push("dropped"),
    );
    await backend.read(read.dataId);
    backend.disposeData(read.dataId);
    expect(said).toEqual(["dropped", "filled"]);
  });

  it("keeps the values of a tensor that is held, and frees them when it is let go", async () => {
    const { backend } = await start();
    const before = backend.memory().numBytesInGPU;
    const [x, y] = [tensor([1, 2, 3]), backend.makeTensorInfo([3], "float32")];
    const own = backend.makeTensorInfo([3], "float32");
    backend.dispatch(double, [x, own], { count: 3, factor: 1 }, [1, 1, 1]);
    const attached = backend.attach(own, "half", () => backend.makeTensorInfo([3], "float32"));
    const settle = () => undefined;
    for (const held of [own, own, attached]) backend.hold(held, settle);
    expect(backend.disposeData(own.dataId)).toBe(true);
    // x and y; the others are gone for tfjs.
    expect(backend.numDataIds()).toBe(2);
    backend.letGo(own, settle);
    backend.dispatch(double, [own, y], { count: 3, factor: 1 }, [1, 1, 1]);
    expect([...((await backend.read(y.dataId)) as Float32Array)]).toEqual([1, 2, 3]);
    backend.letGo(own, settle);
    backend.letGo(attached, settle);
    backend.disposeData(y.dataId);
    x.dispose();
    expect(backend.numDataIds()).toBe(0);
    expect(backend.memory().numBytesInGPU).toBe(before);
  });

  it("has what still reads a tensor read it before a kernel writes over it, and fills a held tensor after its end", async () => {
    const { backend } = await start();
    const [x, y, z] = [
      tensor([1, 2, 3]),
      backend.makeTensorInfo([3], "float32"),
      backend.makeTensorInfo([3], "float32"),
    ];
    const own = backend.makeTensorInfo([3], "float32");
    backend.dispatch(double, [x, own], { count: 3, factor: 1 }, [1, 1, 1]);
    const settle = () => backend.settle(y);
    backend.hold(own, settle);
    backend.defer(y, () => {
      backend.dispatch(double, [own, y], { count: 3, factor: 2 }, [1, 1, 1]);
      backend.letGo(own, settle);
    });
    backend.hold(y, settle);
    backend.disposeData(y.dataId);
    backend.dispatch(double, [x, own], { count: 3, factor: 5 }, [1, 1, 1]);
    backend.dispatch(double, [y, z], { count: 3, factor: 1 }, [1, 1, 1]);
    expect([...((await backend.read(z.dataId)) as Float32Array)]).toEqual([2, 4, 6]);
    backend.letGo(y, settle);
    backend.disposeData(own.dataId);
    backend.disposeData(z.dataId);
    x.dispose();
    expect(backend.numDataIds()).toBe(0);
  });

  it("times dispatches where the device has timestamps", async () => {
    const { backend } = await start();
    const [x, y] = [tensor([1, 2, 3]), backend.makeTensorInfo([3], "float32")];
    const times = await backend.profile(() => backend.dispatch(double, [x, y], { count: 3, factor: 1 }, [1, 1, 1]));
    const hasTimestamps = available!.features.includes("timestamp-query");
    expect(times.map(({ key }) => key)).toEqual(hasTimestamps ? ["double"] : []);
    for (const { ms } of times) expect(ms).toBeGreaterThanOrEqual(0);
  });

  it("fills new buffers with NaN when asked to", async () => {
    const { backend } = await start();
    backend.poison = true;
    const x = engine().makeTensorFromTensorInfo(backend.makeTensorInfo([5], "float32"));
    expect([...(await x.data())].every(Number.isNaN)).toBe(true);
  });

  it("frees what is attached to a tensor with it, or when it is written", async () => {
    const { backend } = await start();
    const x = backend.makeTensorInfo([2], "float32");
    const make = () => backend.makeTensorInfo([4], "float32");
    const first = backend.attach(x, "half", make);
    expect(backend.attach(x, "half", make)).toBe(first);
    backend.written(x, ["half"]);
    expect(backend.attached(x, "half")).toBe(first);
    backend.written(x);
    expect(backend.attached(x, "half")).toBeUndefined();
    backend.attach(x, "half", make);
    expect(backend.numDataIds()).toBe(1);
    backend.disposeData(x.dataId);
    expect(backend.numDataIds()).toBe(0);
  });

  it("turns a shader that fails to compile into one error with the way out", async () => {
    const { backend } = await start();
    const [x, y] = [tensor([1]), backend.makeTensorInfo([1], "float32")];
    const broken = { ...double, key: "broken", wgsl: () => `${double.wgsl()}\nfn broken() { return 1; }` };
    const result = engine().makeTensorFromTensorInfo(y as TensorInfo);
    await expect(async () => {
      backend.dispatch(broken, [x, y], { count: 1, factor: 1 }, [1, 1, 1]);
      await result.data();
    }).rejects.toThrow(/a kernel did not compile.*broken.*cramkit doctor/s);
  });

  it("refuses tensors and grids beyond the limits", async () => {
    const { backend } = await start();
    const { maxBufferSize, maxComputeWorkgroupsPerDimension } = backend.capabilities.limits;
    const huge = backend.makeTensorInfo([maxBufferSize], "float32");
    expect(() => backend.uploadToGPU(huge.dataId)).toThrow(/expected a tensor of at most .* use a smaller batch/);
    const x = tensor([1]);
    expect(() =>
      backend.dispatch(double, [x, x], { count: 1, factor: 1 }, [maxComputeWorkgroupsPerDimension + 1, 1, 1]),
    ).toThrow(/expected at most .* workgroups/);
  });

  it("reports a device that is gone", async () => {
    const { backend } = await start();
    const x = tensor([1, 2, 3, 4, 5]);
    backend.uploadToGPU(x.dataId);
    backend.device.destroy();
    await backend.device.lost;
    await expect(x.data()).rejects.toThrow(/webgpu: the backend was disposed of|lost/);
  });

  it("is ended by its own handle alone: one that another start has replaced ends nothing, nor does a second call", async () => {
    const first = await start();
    const second = await start();
    first.dispose();
    expect([...(await add(tensor([1, 2]), 1).data())]).toEqual([2, 3]);
    second.dispose();
    expect(() => second.dispose()).not.toThrow();
  });

  it("computes again after an error, with buffers that were made after it", async () => {
    const { backend } = await start();
    const { maxStorageBufferBindingSize, maxBufferSize } = backend.capabilities.limits;
    const length = Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4 + 64;
    const large = backend.makeTensorInfo([length], "float32");
    const small = backend.makeTensorInfo([4], "float32");
    await expect(async () => {
      backend.dispatch(double, [large, small], { count: 4, factor: 1 }, [1, 1, 1]);
      await backend.read(small.dataId);
    }).rejects.toThrow(/webgpu: /);
    for (const { dataId } of [large, small]) backend.disposeData(dataId);
    const [x, y] = [tensor([1, 2, 3, 4]), backend.makeTensorInfo([4], "float32")];
    backend.dispatch(double, [x, y], { count: 4, factor: 2 }, [1, 1, 1]);
    expect([...((await backend.read(y.dataId)) as Float32Array)]).toEqual([2, 4, 6, 8]);
  });

  it("is inspected without becoming tfjs's backend", async () => {
    const report = await inspectWebgpu();
    expect(report.tier).toBe(report.bestTier);
    expect(report.features.length).toBeGreaterThan(0);
    expect(findBackendFactory("webgpu")).toBeFalsy();
  });

  it("keeps Dawn while anything of it lives, whenever garbage is collected", () => {
    const script = `import { findGpu } from ${JSON.stringify(new URL("./gpu.ts", import.meta.url).href)};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const useOnce = async () => {
  const { gpu } = await findGpu();
  const device = await (await gpu.requestAdapter()).requestDevice();
  device.createBuffer({ size: 64, usage: GPUBufferUsage.COPY_DST });
  device.destroy();
};
for (let i = 0; i < 20; i++) {
  await useOnce();
  for (const _ of [1, 2]) {
    gc();
    Array.from({ length: 1000 }, () => Buffer.alloc(600, 0x7f)); // over what was freed
    await turn();
  }
}
console.log("ended");`;
    const { status, signal, stdout } = spawnSync(
      process.execPath,
      ["--expose-gc", "--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", script],
      { encoding: "utf8", timeout: 120_000 },
    );
    expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: "ended\n" });
  });

  it("cannot block, and says so", async () => {
    const { backend } = await start();
    const x = tensor([1, 2, 3, 4, 5]);
    backend.uploadToGPU(x.dataId);
    expect(() => x.dataSync()).toThrow("use `await tensor.data()`");
  });
});
