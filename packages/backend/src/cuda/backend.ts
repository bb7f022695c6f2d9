import type { TensorInfo } from "@tensorflow/tfjs-core";
import { compiled } from "./compiled.generated.ts";
import type { CardReport } from "./driver/device.ts";
import type { CompiledKernels } from "./driver/kernel-module.ts";
import type { KernelTraffic, LaunchArgument, LaunchOptions } from "./launcher.ts";
import { Launcher } from "./launcher.ts";
import { DeviceTensors, type DeviceTensorsOptions } from "./memory/device-tensors.ts";
import type { Block, MemoryPool } from "./memory/pool.ts";
import {
  notWhileRecording,
  type Recorder,
  type Recording,
  type RecordOptions,
  recordStep,
} from "./memory/recording.ts";
import { multiply, multiplyAll } from "./products/multiply.ts";
import type { ChosenProducts, Product } from "./products/product.ts";

/**
 * A backend of tfjs over the CUDA driver. Every element takes 32 bits on the device, a bool too, or is a half. `launch` is the one way to a
 * kernel.
 */
export class CudaBackend extends DeviceTensors {
  readonly card: CardReport;
  readonly chosenProducts: ChosenProducts | undefined;
  readonly #launcher: Launcher;
  #isDisposed = false;
  #counter: Block | undefined;

  constructor({ chosenProducts, ...options }: DeviceTensorsOptions & { chosenProducts?: ChosenProducts | undefined }) {
    super(options);
    this.card = options.stream.card;
    this.chosenProducts = chosenProducts;
    this.#launcher = new Launcher(options.stream, (pointer) =>
      Math.max(...[...this.pools].map((pool) => pool.bytesAt(pointer))),
    );
    this.#launcher.waits = options.check ?? false;
  }

  /** Compiles a module's kernels, which are else compiled when one of them is first launched. */
  load(compiled: CompiledKernels): void {
    this.#launcher.load(compiled);
  }

  /** Gives a kernel to the stream. A grid with a zero launches nothing. Tensors among the arguments stand for their memory. */
  launch(
    compiled: CompiledKernels,
    name: string,
    options: LaunchOptions,
    args: readonly (LaunchArgument | TensorInfo)[],
  ): void {
    if (options.grid.includes(0)) return;
    const plain = args.map((arg) =>
      typeof arg === "object" && "dataId" in arg ? this.pointer(arg) : (arg as LaunchArgument),
    );
    this.#launcher.launch(compiled, name, options, plain);
  }

  /** Counts what a library gave to the stream, by the addresses that it names. */
  ran(name: string, pointers: readonly bigint[]): void {
    this.#launcher.ran(name, pointers);
  }

  /** c = a b^T (+ bias), in batches, whatever order the operands lie in. */
  multiply(product: Product): void {
    multiply(this, product);
  }

  /** Products dy^T x in one launch, see {@link multiplyAll}. */
  multiplyAll(products: readonly Product[]): void {
    multiplyAll(this, products);
  }

  /** The address of an integer that is 0, with which kernels count their blocks. */
  blockCounter(): bigint {
    if (!this.#counter) {
      this.#counter = this.pool.take(4);
      this.staging.upload(this.#counter.pointer, Int32Array.of(0));
    }
    return this.#counter.pointer;
  }

  /** The address of words that a replay of a recorded step may change; 0n where no step is recorded. */
  replayed(name: string, words: Int32Array): bigint {
    return this.recorder?.replayed(name, words) ?? 0n;
  }

  /**
   * Records what `body` launches into a graph, without computing it. Tensors from before that it reads or writes have to live as long as
   * the recording. What a step leaves for the next one it writes in place, as optimizers' kernels do, or with {@link overwrite};
   * what comes from outside is put into tensors from before with {@link assign}, or lies in the arrays of `inputs`. The same step has to
   * have run once: the free memory that it left goes back to the driver, since a recording has its own.
   *
   * @throws Fault `unsupported` if it reads values, or writes into a tensor that it made of values
   */
  record<T>(body: () => T, options: RecordOptions = {}): Recording<T> {
    if (this.recorder) throw notWhileRecording("record", "record one step after the other");
    this.blockCounter();
    this.settle();
    this.pool.release();
    const { waits } = this.#launcher;
    let own: MemoryPool | undefined;
    const use = (recorder: Recorder | undefined) => {
      this.recorder = recorder;
      this.#launcher.waits = waits && !recorder;
      if (recorder) this.pools.add((own = recorder.pool));
    };
    const leave = () => {
      if (own?.isSpent) this.pools.delete(own);
    };
    try {
      const whole = () => {
        const result = body();
        this.settle();
        return result;
      };
      const recording = recordStep(this.stream, this.staging, use, whole, options);
      const dispose = () => {
        recording.dispose();
        leave();
      };
      return { ...recording, dispose };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Kernels launched and blocks asked of the driver so far, and the bytes of blocks in use. */
  counters(): { launches: number; allocations: number; bytesInUse: number } {
    return {
      launches: this.#launcher.launches,
      allocations: this.pool.allocations,
      bytesInUse: this.bytesUsed(),
    };
  }

  /** How often each kernel was launched so far. */
  kernelsRun(): ReadonlyMap<string, number> {
    return this.#launcher.counts;
  }

  /** What `body` launches, by kernel. Nothing is slower than this, so it is for counts alone. */
  countTraffic(body: () => void): Map<string, KernelTraffic> {
    return this.#launcher.countTraffic(body);
  }

  override timerAvailable(): boolean {
    return true;
  }

  override dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#launcher.dispose();
    this.chosenProducts?.dispose();
    this.staging.dispose();
    for (const pool of this.pools) pool.dispose();
    this.stream.dispose();
  }

  protected override convert(kernel: "narrow" | "widen", from: bigint, to: bigint, size: number): void {
    if (size > 0) this.launch(compiled, kernel, { grid: [Math.ceil(size / 1024)] }, [from, to, size]);
  }

  override async time(f: () => void): Promise<{ kernelMs: number; getExtraProfileInfo?(): string }> {
    this.stream.finish("timing");
    const start = performance.now();
    f();
    this.stream.finish("timing");
    return { kernelMs: performance.now() - start };
  }
}
