import { startBackend } from "@cramkit/backend";
import type { Capabilities, ProfiledDispatch, Traffic, WebgpuOptions } from "@cramkit/backend/webgpu";
import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import type { SuiteOptions } from "./suite.ts";

/** What a backend says about itself, if it is a WebGPU one of ours. */
interface DeviceBackend {
  profile?(body: () => void): Promise<ProfiledDispatch[]>;
  capabilities?: Capabilities;
  countTraffic?(body: () => void): Map<string, Traffic>;
  dispatchCounters?(): { bindGroups: number; uniformUploads: number; submits: number };
  settle?(tensor: tf.Tensor): void;
}

export interface Compute {
  description: string;
  dispose(): void;
}

/** Starts a backend with our kernels on it and makes it current. Software adapters are taken, and labelled. */
export const startCompute = async (
  { backend, precision, threads, toggles = [], products }: SuiteOptions,
  webgpu: Pick<WebgpuOptions, "tier" | "variants" | "gpu"> = {},
): Promise<Compute> => {
  if (precision === "mixed" && backend !== "webgpu" && backend !== "cuda")
    throw new RangeError(
      `expected --backend webgpu or cuda for --precision mixed, got ${backend}, which computes in float32`,
    );
  registerGradients();
  return startBackend(backend, {
    kernels: {
      cpu: async () => (await import("@cramkit/ops/cpu")).cpuKernels,
      webgpu: async () => (await import("@cramkit/ops/webgpu")).webgpuKernels,
      cuda: async () => (await import("@cramkit/ops/cuda")).cudaKernels,
    },
    cpu: threads === undefined ? {} : { threads },
    cuda: { precision, products },
    webgpu: { precision, allowSoftware: true, toggles: { enable: toggles }, ...webgpu },
  });
};

/** Why the products that were asked for by name are not to be had, if they are not. */
export const missingProducts = async ({ backend, products }: SuiteOptions): Promise<string | undefined> => {
  if (backend !== "cuda" || products === undefined) return undefined;
  const { inspectCuda } = await import("@cramkit/backend/cuda");
  const found = inspectCuda().candidates.find(({ name }) => name === products);
  return found?.available ? undefined : (found?.detail ?? `no products "${products}"`);
};

/** Waits until the device has done all that it was given: it works in order, so what is made last is there last. */
export const sync = async (): Promise<void> => {
  const last = tf.tidy(() => tf.add(tf.scalar(1), 1));
  await last.data();
  last.dispose();
};

/** The backend, as one of ours on WebGPU, or as something that has none of its methods. */
export const deviceBackend = (): DeviceBackend => tf.backend() as unknown as DeviceBackend;

/** Disposes of results that are to be computed: on WebGPU some wait for what reads them, and are dropped with nothing done. */
export const disposeComputed = (...results: tf.Tensor[]): void => {
  const backend = deviceBackend();
  for (const result of results) backend.settle?.(result);
  tf.dispose(results);
};

/** Milliseconds of `body` on the device by its own timestamps; undefined if it has none. */
export const deviceMs = async (body: () => void): Promise<number | undefined> => {
  const dispatches = (await deviceBackend().profile?.(body)) ?? [];
  return dispatches.length === 0 ? undefined : dispatches.reduce((sum, { ms }) => sum + ms, 0);
};

export const hasDeviceClock = (): boolean => typeof deviceBackend().profile === "function";

/** Bytes that the backend says it holds for tensors. */
export const memoryBytes = (): number => tf.memory().numBytes;

/** Relative L2 distance of two tensors. Borrows them. */
export const distance = async (got: tf.Tensor, want: tf.Tensor): Promise<number> => {
  const [a, b] = await Promise.all([got.data(), want.data()]);
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [off, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    off += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  const error = Math.sqrt(off / (size || 1));
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
};
