/// <reference types="@webgpu/types" />

import { fault, problemOf } from "@cramkit/errors";
import { requireVulkan } from "./require-vulkan.ts";

/**
 * Where the entry point of WebGPU comes from: a browser's `navigator.gpu`, or Dawn through the npm package `webgpu`.
 *
 * On NVIDIA under Linux, Dawn hides `shader-f16` behind `vulkan_enable_f16_on_nvidia` and subgroup matrices behind
 * `allow_unsafe_apis`; only a native host can set such toggles, a web page cannot. Timestamps are rounded to 65 us unless
 * `timestamp_quantization` is off, which hides every small kernel.
 */
export interface GpuSource {
  gpu: GPU;
  host: "browser" | "dawn";
  /**
   * Version of the npm package.
   *
   * @defaultValue absent in a browser
   */
  version?: string;
  toggles: { enable: readonly string[]; disable: readonly string[] };
}

export interface GpuOptions {
  /**
   * Dawn toggles on top of those that Cramkit sets; ignored (and reported) in a browser.
   *
   * @defaultValue none
   */
  toggles?: { enable?: readonly string[]; disable?: readonly string[] };
  /**
   * Dawn only: choose the adapter whose name contains this text.
   *
   * @defaultValue `CRAMKIT_GPU` of the environment, or any
   */
  adapterName?: string;
  /**
   * An entry point of your own, with its classes on `globalThis`.
   *
   * @defaultValue `navigator.gpu` in a browser, else Dawn
   */
  gpu?: GPU;
}

const enabled = ["allow_unsafe_apis", "vulkan_enable_f16_on_nvidia"];
const disabled = ["timestamp_quantization"];

/** Arguments of Dawn's `create`: one `key=value` a list, toggles separated by commas. */
export const dawnArguments = (options: GpuOptions): string[] => {
  const enable = [...enabled, ...(options.toggles?.enable ?? [])];
  const disable = [...disabled, ...(options.toggles?.disable ?? [])];
  const args = [`enable-dawn-features=${enable.join(",")}`, `disable-dawn-features=${disable.join(",")}`];
  if (options.adapterName) args.push(`adapter=${options.adapterName}`);
  return args;
};

const isNode = () => typeof process !== "undefined" && process.versions?.node !== undefined;

/**
 * Finds WebGPU and, under Node, puts its classes (`GPUBuffer`, ...) on `globalThis`, where tfjs-backend-webgpu expects them.
 * Throws if there is none, naming what to install or which browser to use.
 */
export const findGpu = async (options: GpuOptions = {}): Promise<GpuSource> => {
  if (options.gpu)
    return { gpu: options.gpu, host: isNode() ? "dawn" : "browser", toggles: { enable: [], disable: [] } };
  if (!isNode()) {
    const gpu = globalThis.navigator?.gpu;
    if (!gpu)
      throw fault({
        code: "unsupported",
        place: "startWebgpu",
        problem: "expected navigator.gpu, got none",
        remedy:
          "use a browser with WebGPU (Chrome, Edge, Safari 26, Firefox 141 or later) on a page served over https or from localhost",
      });
    return { gpu, host: "browser", toggles: { enable: [], disable: [] } };
  }
  const dawn = await importDawn();
  requireVulkan();
  Object.assign(globalThis, dawn.globals);
  return {
    gpu: createGpu(dawn, dawnArguments(options)),
    host: "dawn",
    toggles: {
      enable: [...enabled, ...(options.toggles?.enable ?? [])],
      disable: [...disabled, ...(options.toggles?.disable ?? [])],
    },
  };
};

/**
 * One a set of arguments, never released: Dawn polls once more after the last device is gone, and where the garbage
 * collector was faster that poll crashes or waits forever (webgpu 0.6.2). Without a device it costs nothing and does not
 * keep the process from ending.
 */
const created = new Map<string, GPU>();

const createGpu = (dawn: Dawn, args: string[]): GPU => {
  const key = args.join(" ");
  let gpu = created.get(key);
  if (gpu) return gpu;
  try {
    gpu = dawn.create(args);
  } catch (error) {
    throw fault({
      code: "unsupported",
      place: "startWebgpu",
      problem: `Dawn did not start (${problemOf(error)})`,
      remedy: "check the toggles and the adapter name",
      cause: error,
    });
  }
  created.set(key, gpu);
  return gpu;
};

interface Dawn {
  create(args: string[]): GPU;
  globals: object;
}

const importDawn = async (): Promise<Dawn> => {
  try {
    return (await import("webgpu")) as unknown as Dawn;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const remedy = missing ? "npm install webgpu" : "see that glibc is 2.34 or later on Linux";
    throw fault({
      code: "unsupported",
      place: "startWebgpu",
      problem:
        `the npm package webgpu (Dawn) did not load on ${process.platform}-${process.arch}` +
        (missing ? "" : ` (${problemOf(error)})`),
      remedy: `${remedy}, or use the cpu backend`,
      cause: error,
    });
  }
};

/** tfjs-backend-webgpu looks for `navigator.gpu`; Node has no navigator (20) or one without `gpu` (21 and later). Returns the undo. */
export const exposeGpu = (gpu: GPU): (() => void) => {
  const holder = globalThis.navigator as { gpu?: GPU } | undefined;
  if (holder?.gpu) return () => undefined;
  if (holder) {
    Object.defineProperty(holder, "gpu", { value: gpu, configurable: true });
    return () => delete holder.gpu;
  }
  Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "node" }, configurable: true });
  return () => delete (globalThis as { navigator?: unknown }).navigator;
};
