import { fault } from "@cramkit/errors";
import { cudaFault } from "./cuda-fault.ts";
import { type Driver, errorName, succeed } from "./driver.ts";
import type { Stream } from "./stream.ts";

/** Kernels as `cramkit-cuda` compiled them: see its generated files. */
export interface CompiledKernels {
  readonly name: string;
  /** Why there are none. @defaultValue there are */
  readonly problem?: string;
  /** Each kernel's arguments, separated by blanks: p a pointer, i 32 bits, f a float32, sN a struct of N bytes. */
  readonly kernels: Readonly<Record<string, string>>;
  /** PTX, deflated, in base64, by the compute capability (times ten) from which on it can be used. */
  readonly images: readonly { readonly generation: number; readonly deflated: string }[];
}

/** A kernel that is ready to be launched. */
export interface LoadedKernel {
  readonly handle: bigint;
  readonly kinds: readonly string[];
  /** Where each argument is written, in bytes of the argument area. */
  readonly places: readonly number[];
  /** The addresses of these places, as cuLaunchKernel wants them. */
  readonly table: BigUint64Array;
  sharedBytes: number;
}

/** Throws unless the kernels were compiled. */
export const requireKernels = ({ name, images, problem }: CompiledKernels): void => {
  if (images.length === 0)
    throw fault({
      code: "unsupported",
      place: "cuda",
      problem: `expected compiled kernels in ${name}, got none: ${problem ?? "the build left them out"}`,
      remedy: "build with clang (Debian: apt-get install clang), or use the webgpu or cpu backend",
    });
};

const logBytes = 8192;
/** Of `cuda.h`: a buffer for what the compiler says, and its size. */
const errorLog = 5;
const errorLogSize = 6;
const sharedBytesAttribute = 8;

/** Compiles a module for the card of a stream, by the driver. */
export class KernelModule {
  readonly #handle: bigint;
  readonly #loaded = new Map<string, LoadedKernel>();

  constructor(
    private readonly stream: Stream,
    private readonly compiled: CompiledKernels,
    /** The address of the argument area. */
    private readonly area: bigint,
  ) {
    requireKernels(compiled);
    const { driver, card } = stream;
    const image = compiled.images.findLast(({ generation }) => generation <= card.capability) ?? compiled.images[0]!;
    const { inflateRawSync } = process.getBuiltinModule("node:zlib");
    const ptx = Buffer.concat([inflateRawSync(Buffer.from(image.deflated, "base64")), Buffer.of(0)]);
    this.#handle = loadImage(driver, compiled.name, ptx);
  }

  get(name: string): LoadedKernel {
    let kernel = this.#loaded.get(name);
    if (!kernel) this.#loaded.set(name, (kernel = this.#load(name)));
    return kernel;
  }

  /** Allows a kernel so much shared memory: beyond 48 KiB it has to be asked for. */
  allowShared(name: string, kernel: LoadedKernel, bytes: number): void {
    if (bytes <= kernel.sharedBytes) return;
    const { driver } = this.stream;
    const code = driver.calls.cuFuncSetAttribute(kernel.handle, sharedBytesAttribute, bytes);
    succeed(driver, code, "cuFuncSetAttribute", `giving ${name} ${bytes} bytes of shared memory`);
    kernel.sharedBytes = bytes;
  }

  dispose(): void {
    this.stream.driver.calls.cuModuleUnload(this.#handle);
  }

  #load(name: string): LoadedKernel {
    const signature = this.compiled.kernels[name];
    if (signature === undefined) throw new Error(`cuda: expected a kernel of ${this.compiled.name}, got "${name}"`);
    const { driver } = this.stream;
    const text = new TextEncoder().encode(`${name}\0`);
    const into = new BigUint64Array(1);
    const code = driver.calls.cuModuleGetFunction(into, this.#handle, text);
    succeed(driver, code, "cuModuleGetFunction", `looking for the kernel ${name}`);
    const kinds = signature.split(" ");
    const places: number[] = [];
    let at = 0;
    for (const kind of kinds) {
      places.push(at);
      at += kind.startsWith("s") ? Math.ceil(Number(kind.slice(1)) / 8) * 8 : 8;
    }
    const table = BigUint64Array.from(places, (place) => this.area + BigInt(place));
    return { handle: into[0]!, kinds, places, table, sharedBytes: 48 * 1024 };
  }
}

const loadImage = (driver: Driver, name: string, ptx: Uint8Array): bigint => {
  const log = new Uint8Array(logBytes);
  const options = Int32Array.of(errorLog, errorLogSize);
  const values = BigUint64Array.of(driver.native.addressOf(log), BigInt(logBytes));
  const into = new BigUint64Array(1);
  const code = driver.calls.cuModuleLoadDataEx(into, ptx, options.length, options, values);
  if (code === 0) return into[0]!;
  const said = new TextDecoder().decode(log.subarray(0, log.indexOf(0))).trim();
  const { name: error, text } = errorName(driver, code);
  const doing = `compiling the kernels of ${name}`;
  throw cudaFault({ code, call: "cuModuleLoadDataEx", doing, name: error, text: said || text });
};
