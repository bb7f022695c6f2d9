import { findLibrary, type Native, type NativeFunction, type Signature, startNative } from "@cramkit/native";
import { cudaFault } from "./cuda-fault.ts";

/** What the backend calls of the CUDA driver's interface. Each answers 0, or the number of an error. */
const signatures = {
  cuInit: ["i32", "u32"],
  cuDriverGetVersion: ["i32", "pointer"],
  cuDeviceGetCount: ["i32", "pointer"],
  cuDeviceGet: ["i32", "pointer", "i32"],
  cuDeviceGetName: ["i32", "pointer", "i32", "i32"],
  cuDeviceGetAttribute: ["i32", "pointer", "i32", "i32"],
  cuDeviceTotalMem_v2: ["i32", "pointer", "i32"],
  cuDevicePrimaryCtxRetain: ["i32", "pointer", "i32"],
  cuDevicePrimaryCtxRelease_v2: ["i32", "i32"],
  cuCtxSetCurrent: ["i32", "pointer"],
  cuMemGetInfo_v2: ["i32", "pointer", "pointer"],
  cuMemAlloc_v2: ["i32", "pointer", "u64"],
  cuMemFree_v2: ["i32", "pointer"],
  cuMemAllocHost_v2: ["i32", "pointer", "u64"],
  cuMemFreeHost: ["i32", "pointer"],
  cuMemcpyHtoDAsync_v2: ["i32", "pointer", "pointer", "u64", "pointer"],
  cuMemcpyDtoHAsync_v2: ["i32", "pointer", "pointer", "u64", "pointer"],
  cuMemcpyDtoDAsync_v2: ["i32", "pointer", "pointer", "u64", "pointer"],
  cuStreamCreate: ["i32", "pointer", "u32"],
  cuStreamDestroy_v2: ["i32", "pointer"],
  cuStreamSynchronize: ["i32", "pointer"],
  cuEventCreate: ["i32", "pointer", "u32"],
  cuEventRecord: ["i32", "pointer", "pointer"],
  cuEventQuery: ["i32", "pointer"],
  cuEventSynchronize: ["i32", "pointer"],
  cuEventDestroy_v2: ["i32", "pointer"],
  cuModuleLoadDataEx: ["i32", "pointer", "pointer", "u32", "pointer", "pointer"],
  cuModuleUnload: ["i32", "pointer"],
  cuModuleGetFunction: ["i32", "pointer", "pointer", "pointer"],
  cuFuncSetAttribute: ["i32", "pointer", "i32", "i32"],
  cuLaunchKernel: [
    ...(["i32", "pointer", "u32", "u32", "u32", "u32", "u32", "u32"] as const),
    ...(["u32", "pointer", "pointer", "pointer"] as const),
  ],
  cuStreamBeginCapture_v2: ["i32", "pointer", "i32"],
  cuStreamEndCapture: ["i32", "pointer", "pointer"],
  cuGraphInstantiate_v2: ["i32", "pointer", "pointer", "pointer", "pointer", "u64"],
  cuGraphLaunch: ["i32", "pointer", "pointer"],
  cuGraphDestroy: ["i32", "pointer"],
  cuGraphExecDestroy: ["i32", "pointer"],
  cuGetErrorName: ["i32", "i32", "pointer"],
  cuGetErrorString: ["i32", "i32", "pointer"],
} as const satisfies Record<string, Signature<"i32">>;

/** Of drivers for CUDA 12 and newer. */
const encodeTensorMap = [
  ...(["i32", "pointer", "i32", "u32", "pointer", "pointer", "pointer", "pointer", "pointer"] as const),
  ...(["i32", "i32", "i32", "i32"] as const),
] as const satisfies Signature<"i32">;

export type DriverCall = keyof typeof signatures;

/** The driver's library, with its functions. */
export interface Driver {
  native: Native;
  /** The file that was loaded. */
  file: string;
  calls: Readonly<Record<DriverCall, NativeFunction<"i32">>>;
  /** cuTensorMapEncodeTiled. @defaultValue absent from drivers before CUDA 12 */
  encodeTensorMap?: NativeFunction<"i32">;
}

/** Loads the driver's library; the calls are bound, none is made. Throws a fault with what to do if there is none. */
export const loadDriver = (path?: string): Driver => {
  const native = startNative();
  const { library, file } = findLibrary(native, {
    what: "NVIDIA's driver",
    candidates: { linux: ["libcuda.so.1"], win32: ["nvcuda.dll"] },
    symbols: ["cuInit"],
    path,
    remedy: "install the driver of an NVIDIA card, or use the webgpu or cpu backend",
  });
  const bound = Object.entries(signatures).map(([name, signature]) => [name, library.func(name, signature)]);
  const name = "cuTensorMapEncodeTiled";
  return {
    ...{ native, file, calls: Object.fromEntries(bound) },
    ...(library.has(name) ? { encodeTensorMap: library.func(name, encodeTensorMap) } : {}),
  };
};

/** What the driver calls an error, and what it says about it. */
export const errorName = ({ calls, native }: Driver, code: number): { name: string; text: string } => {
  const textOf = (call: "cuGetErrorName" | "cuGetErrorString"): string | undefined => {
    const address = new BigUint64Array(1);
    return calls[call](code, address) === 0 && address[0] ? native.text(address[0]) : undefined;
  };
  return { name: textOf("cuGetErrorName") ?? `error ${code}`, text: textOf("cuGetErrorString") ?? "" };
};

/** Throws a fault unless a call answered 0. `doing`: what was to be done, in an error's words. */
export const succeed = (
  driver: Driver,
  code: number,
  call: DriverCall | "cuTensorMapEncodeTiled",
  doing: string,
): void => {
  if (code !== 0) throw cudaFault({ code, call, doing, ...errorName(driver, code) });
};

/** What a call writes to its first argument. */
export const written = (driver: Driver, call: DriverCall, doing: string, ...rest: (number | bigint)[]): bigint => {
  const into = new BigInt64Array(1);
  succeed(driver, driver.calls[call](into, ...rest), call, doing);
  return into[0]!;
};
