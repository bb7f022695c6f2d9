/// <reference types="@webgpu/types" />

/** Features that kernels or measurements use where the adapter has them. None is required in float32. */
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
export async function openDevice(adapter: GPUAdapter): Promise<OpenDevice> {
  const requiredFeatures = wantedFeatures.filter((name) => adapter.features.has(name)) as GPUFeatureName[];
  const requiredLimits: Record<string, number> = {};
  for (const name of wantedLimits) requiredLimits[name] = adapter.limits[name];
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  } catch (error) {
    throw new Error(
      `startWebgpu: the adapter ${adapter.info.description || adapter.info.vendor} gave no device (${(error as Error).message}); ` +
        "close other programs that use the GPU, or use the cpu backend",
      { cause: error },
    );
  }
  let failure: Error | undefined;
  let lost: Error | undefined;
  const onError = (event: Event) => {
    // The browser prints it and dawn.node too; the first one names the cause, the rest are its consequences.
    event.preventDefault();
    failure ??= explain((event as GPUUncapturedErrorEvent).error);
  };
  device.addEventListener("uncapturederror", onError);
  void device.lost.then((info) => {
    lost = new Error(
      info.reason === "destroyed"
        ? "webgpu: the backend was disposed of; start it again"
        : `webgpu: the device was lost (${info.message.trim() || info.reason}); a kernel may have run past the driver's time ` +
            "limit or the memory may be exhausted: resume from the last checkpoint with a smaller batch",
    );
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
}

/** A WebGPU error as one line of cause and one of remedy. */
export function explain(error: Pick<GPUError, "message"> & { constructor: { name: string } }): Error {
  const message = error.message.trim();
  if (error.constructor.name === "GPUOutOfMemoryError" || /out of memory|OUT_OF_(DEVICE|HOST)_MEMORY/i.test(message))
    return new Error(`webgpu: out of device memory (${message}); use a smaller batch or sequence length`);
  if (/exceeds the max buffer size|exceeds the maximum/i.test(message))
    return new Error(
      `webgpu: a shape is beyond this device's limits (${message}); use a smaller batch or sequence length`,
    );
  if (/parsing WGSL|ShaderModule/i.test(message))
    return new Error(
      `webgpu: a kernel did not compile (${message}); start the backend with precision "float32", or report it with the ` +
        "output of `cramkit doctor`",
    );
  return new Error(`webgpu: ${message}`);
}
