import type { TensorInfo } from "@tensorflow/tfjs-core";
import { gemm } from "../src/webgpu/gemm/index.ts";
import { type Host, output, release, sizeOf } from "../src/webgpu/host.ts";
import { grid, type Program, program } from "../src/webgpu/program.ts";

/** A WebGPU backend that times its dispatches, e.g. that of `@cramkit/backend`. */
export interface TimedHost extends Host {
  /** Device times of what `body` dispatches; empty where the device has no timestamps. */
  profile(body: () => void): Promise<{ key: string; ms: number }[]>;
}

/** Device time of one kind of dispatch within one run of a body. */
export interface KernelTime {
  key: string;
  calls: number;
  /** Of all its calls together: medians over the runs. */
  ms: number;
}

/** What a device reaches at best, by our own kernels: the denominators of every share. */
export interface Ceilings {
  copyGBps: number;
  gemmTflops: number;
  /** The variant that the large product used. */
  gemmKey: string;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Times a body by the device's own clock, kernel by kernel. Throws where it has no timestamps: host clocks time the queue. */
export async function timeKernels(
  host: TimedHost,
  body: () => void,
  { runs = 7, warmUp = 2 } = {},
): Promise<KernelTime[]> {
  const samples = new Map<string, { calls: number; ms: number[] }>();
  for (let run = -warmUp; run < runs; run++) {
    const dispatches = await host.profile(body);
    if (dispatches.length === 0)
      throw new Error("timeKernels: expected a device with timestamp-query, got none; see `cramkit doctor`");
    if (run < 0) continue;
    const sums = new Map<string, { calls: number; ms: number }>();
    for (const { key, ms } of dispatches) {
      const sum = sums.get(key) ?? { calls: 0, ms: 0 };
      sums.set(key, { calls: sum.calls + 1, ms: sum.ms + ms });
    }
    for (const [key, { calls, ms }] of sums) {
      const sample = samples.get(key) ?? { calls, ms: [] };
      sample.ms.push(ms);
      samples.set(key, sample);
    }
  }
  return [...samples].map(([key, { calls, ms }]) => ({ key, calls, ms: median(ms) })).sort((a, b) => b.ms - a.ms);
}

const copyProgram: Program = program({
  key: "copy",
  storage: { x: ["read", "vec4<f32>"], y: ["write", "vec4<f32>"] },
  uniforms: { count: "u32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < uniforms.count) { y[i] = x[i]; }`,
});

const filled = (host: Host, shape: number[]): TensorInfo => {
  const x = output(host, shape);
  host.dispatch(fillProgram, [x], { count: sizeOf(x) }, grid(Math.ceil(sizeOf(x) / 256)));
  return x;
};

/** Numbers that are neither zero nor equal: clocks and power depend on the bits. */
const fillProgram: Program = program({
  key: "fill",
  storage: { x: ["write", "f32"] },
  uniforms: { count: "u32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < uniforms.count) { x[i] = f32((i * 2654435761u) >> 8u) / 8388608.0 - 1.0; }`,
});

/** Copy bandwidth (read and write counted) and the rate of a large product in the tier of the backend. */
export async function measureCeilings(host: TimedHost, { copyBytes = 2 ** 28, side = 4096 } = {}): Promise<Ceilings> {
  const count = Math.min(copyBytes, host.capabilities.limits.maxStorageBufferBindingSize) >> 4;
  const [x, y] = [filled(host, [count * 4]), output(host, [count * 4])];
  const [copy] = await timeKernels(host, () =>
    host.dispatch(copyProgram, [x, y], { count }, grid(Math.ceil(count / 256))),
  );
  release(host, x, y);
  const product = await measureGemm(host, "nt", side, side, side);
  return { copyGBps: (count * 32) / copy!.ms / 1e6, gemmTflops: product.tflops, gemmKey: product.key };
}

/** One form of the product; without the f16 copies, which are made once and kept. */
export async function measureGemm(host: TimedHost, form: "nn" | "nt" | "tn", m: number, n: number, k: number) {
  const a = filled(host, form === "tn" ? [k, m] : [m, k]);
  const b = filled(host, form === "nt" ? [n, k] : [k, n]);
  const c = output(host, [m, n]);
  const times = await timeKernels(host, () => gemm(host, { form, a, b, c, m, n, k }));
  release(host, a, b, c);
  const products = times.filter(({ key }) => key.startsWith("gemm."));
  const ms = products.reduce((total, time) => total + time.ms, 0);
  return { key: products[0]!.key, ms, tflops: (2 * m * n * k) / ms / 1e9 };
}
