/// <reference types="@webgpu/types" />

import { fault, problemOf } from "@cramkit/errors";
import { lostDevice, webgpuFault } from "./webgpu-fault.ts";

/** Features that kernels or measurements use if the adapter has them. None is required in float32. */
const wantedFeatures = [
  "shader-f16",
  "subgroups",
  "subgroup-size-control",
  "chromium-experimental-subgroup-matrix",
  "timestamp-query",
  "bgra8unorm-storage",
] as const;

/** Limits raised to what the adapter has: WebGPU's defaults are those of a phone. */
const wantedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** A device, and the first error that it raised outside of a call. */
export interface OpenDevice {
  device: GPUDevice;
  /** Throws the first error since the last call, or the loss of the device, as one error that says what to do. */
  check(): void;
}

/** Opens a device with every wanted feature and limit of the adapter. */
export const openDevice = async (adapter: GPUAdapter): Promise<OpenDevice> => {
  const requiredFeatures = wantedFeatures.filter((name) => adapter.features.has(name)) as GPUFeatureName[];
  const requiredLimits: Record<string, number> = {};
  for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  } catch (error) {
    throw fault({
      code: "unsupported",
      place: "startWebgpu",
      problem: `the adapter ${adapter.info.description || adapter.info.vendor} gave no device (${problemOf(error)})`,
      remedy: "close other programs that use the GPU, or use the cpu backend",
      cause: error,
    });
  }
  let failure: Error | undefined;
  let lost: Error | undefined;
  const onError = (event: Event) => {
    // The browser prints it and dawn.node too; the first one names the cause, the rest are its consequences.
    event.preventDefault();
    failure ??= webgpuFault((event as GPUUncapturedErrorEvent).error);
  };
  device.addEventListener("uncapturederror", onError);
  void device.lost.then((info) => {
    lost = lostDevice(info);
  });
  return {
    device,
    check() {
      if (lost) throw lost;
      if (!failure) return;
      const error = failure;
      failure = undefined;
      throw error;
    },
  };
};
