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

  constructor(private readonly stream: Stream) {
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
    this.launches++;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (this.waits) this.stream.finish(`running ${name}`);
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
