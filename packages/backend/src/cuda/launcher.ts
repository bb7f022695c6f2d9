import { type CompiledKernels, KernelModule } from "./driver/kernel-module.ts";
import type { Stream } from "./driver/stream.ts";

/** Blocks of a launch. */
type Grid = readonly [x: number, y?: number, z?: number];

export interface LaunchOptions {
  /** Blocks of the grid. */
  grid: Grid;
  /** Threads of a block. @defaultValue 256 */
  block?: number;
  /** Bytes of shared memory beside what the kernel declares. @defaultValue 0 */
  shared?: number;
  /** Bytes of memory that lists among the arguments name, for counts. @defaultValue 0 */
  listed?: number;
}

/** What a kernel did while it was counted. */
export interface KernelTraffic {
  launches: number;
  /** Of the memory that its launches name, each block once a launch. */
  bytes: number;
}

/** A pointer as bigint, a number for an int or a float, 32-bit words for a struct. */
export type LaunchArgument = bigint | number | Int32Array;

const areaBytes = 4096;

/** Puts the arguments of launches in their places and gives the launches to the stream. */
export class Launcher {
  launches = 0;
  /** How often each kernel was launched. */
  readonly counts = new Map<string, number>();
  /** Whether each launch is waited for, so that its error names it. */
  waits = false;
  readonly #modules = new Map<CompiledKernels, KernelModule>();
  readonly #area = new Uint8Array(areaBytes);
  readonly #ints = new Int32Array(this.#area.buffer);
  readonly #floats = new Float32Array(this.#area.buffer);
  readonly #pointers = new BigUint64Array(this.#area.buffer);
  readonly #address: bigint;
  #traffic: Map<string, KernelTraffic> | undefined;

  constructor(
    private readonly stream: Stream,
    /** Bytes from an address to the end of its block. */
    private readonly bytesAt: (pointer: bigint) => number,
  ) {
    this.#address = stream.driver.native.addressOf(this.#area);
  }

  /** Compiles a module now, and not at its first launch. */
  load(compiled: CompiledKernels): KernelModule {
    let module = this.#modules.get(compiled);
    if (!module) this.#modules.set(compiled, (module = new KernelModule(this.stream, compiled, this.#address)));
    return module;
  }

  launch(compiled: CompiledKernels, name: string, options: LaunchOptions, args: readonly LaunchArgument[]): void {
    const { grid, block = 256, shared = 0 } = options;
    const module = this.load(compiled);
    const kernel = module.get(name);
    if (args.length !== kernel.kinds.length)
      throw new Error(`cuda: ${name}: expected ${kernel.kinds.length} arguments, got ${args.length}`);
    for (let i = 0; i < args.length; i++) this.#put(name, kernel.kinds[i]!, kernel.places[i]!, args[i]!);
    if (shared > 0) module.allowShared(name, kernel, shared);
    const [x, y = 1, z = 1] = grid;
    this.stream.remember(name);
    const { calls } = this.stream.driver;
    const { handle } = this.stream;
    const code = calls.cuLaunchKernel(kernel.handle, x, y, z, block, 1, 1, shared, handle, kernel.table, null);
    this.stream.check(code, "cuLaunchKernel", `launching ${name}`);
    this.ran(name, args, options.listed);
  }

  /** Counts what was given to the stream, and waits for it if each is waited for. */
  ran(name: string, args: readonly LaunchArgument[], listed = 0): void {
    if (this.#traffic) this.#count(name, args, listed);
    this.launches++;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (this.waits) this.stream.finish(`running ${name}`);
  }

  /** What is launched during `body`, by kernel. */
  countTraffic(body: () => void): Map<string, KernelTraffic> {
    const counted = new Map<string, KernelTraffic>();
    this.#traffic = counted;
    try {
      body();
    } finally {
      this.#traffic = undefined;
    }
    return counted;
  }

  #count(name: string, args: readonly LaunchArgument[], listed: number): void {
    const counted = this.#traffic!.get(name) ?? { launches: 0, bytes: 0 };
    const pointers = new Set(args.filter((arg) => typeof arg === "bigint"));
    counted.launches++;
    counted.bytes += listed;
    for (const pointer of pointers) counted.bytes += this.bytesAt(pointer);
    this.#traffic!.set(name, counted);
  }

  dispose(): void {
    for (const module of this.#modules.values()) module.dispose();
    this.#modules.clear();
  }

  #put(name: string, kind: string, place: number, arg: LaunchArgument): void {
    if (kind === "p" && typeof arg === "bigint") this.#pointers[place / 8] = arg;
    else if (kind === "i" && typeof arg === "number") this.#ints[place / 4] = arg;
    else if (kind === "f" && typeof arg === "number") this.#floats[place / 4] = arg;
    else if (arg instanceof Int32Array && kind === `s${arg.byteLength}`) this.#ints.set(arg, place / 4);
    else throw new Error(`cuda: ${name}: expected an argument of kind ${kind}, got ${typeof arg}`);
  }
}
