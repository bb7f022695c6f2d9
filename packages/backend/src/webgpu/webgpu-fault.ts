import { type Fault, fault } from "@cramkit/errors";

/**
 * A WebGPU error as a fault. WebGPU gives its errors a class, and Dawn the rest in words: this is the border where both
 * become a code.
 */
export const webgpuFault = (error: Pick<GPUError, "message"> & { constructor: { name: string } }): Fault => {
  const said = error.message.trim();
  const smaller = "use a smaller batch or sequence length";
  const place = "webgpu";
  if (error.constructor.name === "GPUOutOfMemoryError" || /out of memory|OUT_OF_(DEVICE|HOST)_MEMORY/i.test(said))
    return fault({ code: "out-of-memory", place, problem: `out of device memory (${said})`, remedy: smaller });
  if (/exceeds the max buffer size|exceeds the maximum/i.test(said))
    return fault({
      code: "out-of-memory",
      place,
      problem: `a shape is beyond this device's limits (${said})`,
      remedy: smaller,
    });
  if (/parsing WGSL|ShaderModule/i.test(said))
    return fault({
      code: "unsupported",
      place,
      problem: `a kernel did not compile (${said})`,
      remedy: 'start the backend with precision "float32", or report it with the output of `cramkit doctor`',
    });
  return fault({ code: "unsupported", place, problem: said });
};

/** What became of a device that is gone. */
export const lostDevice = ({ reason, message }: Pick<GPUDeviceLostInfo, "reason" | "message">): Fault =>
  fault(
    reason === "destroyed"
      ? { code: "device-lost", place: "webgpu", problem: "the backend was disposed of", remedy: "start it again" }
      : {
          code: "device-lost",
          place: "webgpu",
          problem: `the device was lost (${message.trim() || reason})`,
          remedy:
            "a kernel may have run past the driver's time limit or the memory may be exhausted: resume from the last " +
            "checkpoint with a smaller batch",
        },
  );
