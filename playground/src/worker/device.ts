import { type StartedBackend, type StartThread, startBackend } from "@cramkit/backend";
import { problemOf } from "@cramkit/errors";
import { registerGradients } from "@cramkit/ops";
import { add, scalar, tidy } from "@tensorflow/tfjs-core";
import type { DeviceName, Devices } from "../protocol.ts";

const webgpuWaitMs = 3000;

/**
 * What this browser offers; starts nothing. A WebGPU that is busy, with the shaders of a page that was just closed, say, does not
 * answer for minutes: the first answer comes without it, and `later` gets the second.
 */
export const lookForDevices = async (later: (devices: Devices) => void): Promise<Devices> => {
  const others = {
    threads: globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1,
    isIsolated: globalThis.crossOriginIsolated,
    hasStorage: await hasStorage(),
  };
  const looking = lookForWebgpu();
  const isSilent = Symbol();
  const webgpu = await Promise.race([
    looking,
    new Promise<typeof isSilent>((resolve) => setTimeout(() => resolve(isSilent), webgpuWaitMs)),
  ]);
  if (webgpu !== isSilent) return { webgpu, ...others };
  void looking.then((found) => later({ webgpu: found, ...others }));
  return { webgpu: { state: "silent", detail: "WebGPU has not answered yet" }, ...others };
};

const lookForWebgpu = async (): Promise<Devices["webgpu"]> => {
  if (!navigator.gpu) return { state: "none", detail: "this browser offers no WebGPU here" };
  try {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) return { state: "none", detail: "WebGPU found no adapter" };
    const { adapterName, isSoftware } = await import("@cramkit/backend/webgpu");
    const { info } = adapter;
    return { state: isSoftware(info) ? "software" : "hardware", detail: adapterName(info) };
  } catch (error) {
    return { state: "none", detail: problemOf(error) };
  }
};

const hasStorage = async (): Promise<boolean> => {
  try {
    const folder = await navigator.storage.getDirectory();
    return typeof (await folder.getFileHandle("probe", { create: true })).createWritable === "function";
  } catch {
    return false; // a private window, or a page from a file
  }
};

const waitMs = 2000;

/**
 * Takes the browser's storage for as long as the worker lives; false if another tab has it. Waits for a page that was just
 * closed or loaded again, whose worker a busy machine may take long to end: what comes free after the answer goes to `later`, which says
 * whether it is still wanted. Browsers freeze no tab that holds a lock, so a run goes on in the background.
 */
export const holdStorage = (later: () => Promise<boolean>): Promise<boolean> =>
  new Promise((resolve) => {
    let isLate = false;
    setTimeout(() => {
      isLate = true;
      resolve(false);
    }, waitMs);
    const hold = async () => {
      resolve(true);
      if (!isLate || (await later())) await new Promise(() => {});
    };
    navigator.locks.request("run", hold).catch(() => resolve(false));
  });

/** Starts a backend with our kernels and gradients on it: the composition root. */
export const startDevice = async (name: DeviceName, startThread?: StartThread): Promise<StartedBackend> => {
  registerGradients();
  return startBackend(name, {
    kernels: {
      cpu: async () => (await import("@cramkit/ops/cpu")).cpuKernels,
      webgpu: async () => (await import("@cramkit/ops/webgpu")).webgpuKernels,
    },
    cpu: { startThread },
    webgpu: { allowSoftware: true },
  });
};

/** Whether the current device still computes. */
export const isAlive = async (): Promise<boolean> => {
  try {
    const sum = tidy(() => add(scalar(1), scalar(1)));
    const [two] = await sum.data();
    sum.dispose();
    return two === 2;
  } catch {
    return false; // a lost GPU
  }
};
