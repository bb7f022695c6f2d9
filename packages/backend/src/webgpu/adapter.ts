/// <reference types="@webgpu/types" />

import { fault } from "@cramkit/errors";
import type { GpuSource } from "./gpu.ts";
import { noAdapter } from "./no-adapter.ts";

export interface AdapterOptions {
  /**
   * Which of several GPUs to use.
   *
   * @defaultValue `"high-performance"`
   */
  powerPreference?: GPUPowerPreference;
  /**
   * Accept an adapter that computes on the CPU (lavapipe, SwiftShader). They are slower than our own cpu backend.
   *
   * @defaultValue `false`
   */
  allowSoftware?: boolean;
}

const software = /llvmpipe|lavapipe|swiftshader|softpipe|software|microsoft basic render/i;

/** True for an adapter that computes on the CPU. */
export const isSoftware = (info: Partial<GPUAdapterInfo>): boolean => {
  const text = [info.vendor, info.architecture, info.device, info.description].join(" ");
  return info.isFallbackAdapter === true || software.test(text);
};

/** What a person calls the adapter, with software adapters labelled as such. */
export const adapterName = (info: Partial<GPUAdapterInfo>): string => {
  const name =
    info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(" ") || "unknown";
  return isSoftware(info) ? `${name} (software adapter: correct, never fast)` : name;
};

/** Asks for an adapter; throws if there is none or if it is a software one and those were not allowed. */
export const chooseAdapter = async (source: GpuSource, options: AdapterOptions = {}): Promise<GPUAdapter> => {
  const { powerPreference = "high-performance", allowSoftware = false } = options;
  const adapter = await source.gpu.requestAdapter({ powerPreference });
  if (!adapter) throw noAdapter(source.host);
  if (isSoftware(adapter.info) && !allowSoftware)
    throw fault({
      code: "unsupported",
      place: "startWebgpu",
      problem: `expected a GPU, got ${adapterName(adapter.info)}`,
      remedy:
        "install the card's driver, or pass allowSoftware: true to compute on it all the same, or use the cpu backend",
      details: { option: "allowSoftware" },
    });
  return adapter;
};
