import { fault } from "@cramkit/errors";
import {
  type BackendValues,
  backend_util,
  buffer,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  type Rank,
  type ShapeMap,
  type TensorBuffer,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { compiled } from "./compiled.generated.ts";
import type { CardReport } from "./driver/device.ts";
import type { CompiledKernels } from "./driver/kernel-module.ts";
import type { Stream } from "./driver/stream.ts";
import { type KernelTraffic, type LaunchArgument, Launcher, type LaunchOptions } from "./launcher.ts";
import { type Deferred, type Entry, wordsOf } from "./memory/entry.ts";
import { type Block, MemoryPool } from "./memory/pool.ts";
import { Staging } from "./memory/staging.ts";
import { multiply, multiplyAll, type Product } from "./products/multiply.ts";

type DataId = TensorInfo["dataId"];

/** Values that stay on the host as well, so that reading a scalar back waits for nothing. */
const keptValues = 16;

export interface CudaBackendOptions {
  stream: Stream;
  /**
   * "mixed": products that allow it round their operands to half precision.
   *
   * @defaultValue "float32"
   */
  precision?: "float32" | "mixed";
  /**
   * Free bytes kept for reuse.
   *
   * @defaultValue as much as was ever in use at once, and at least 256 MiB
   */
  maxFreeBytes?: number;
  /**
   * Whether each kernel is waited for, and finds NaN in what it is to write.
   *
   * @defaultValue `false`
   */
  check?: boolean;
}

/**
 * A backend of tfjs over the CUDA driver. Every element takes 32 bits on the device, a bool too. `launch` is the one way to a
 * kernel; `data` of a tensor lives in blocks of a pool.
 */
export class CudaBackend extends KernelBackend {
  readonly card: CardReport;
  readonly precision: "float32" | "mixed";
  readonly #stream: Stream;
  readonly #pool: MemoryPool;
  readonly #staging: Staging;
  readonly #launcher: Launcher;
  readonly #check: boolean;
  readonly #data: DataStorage<Entry>;
  #isDisposed = false;
  #counter: Block | undefined;
  /** Tensors that were disposed of while somebody holds their values. */
  #outlived = 0;

  constructor({ stream, maxFreeBytes, check = false, precision = "float32" }: CudaBackendOptions) {
    super();
    this.#stream = stream;
    this.precision = precision;
    this.card = stream.card;
    this.#pool = new MemoryPool(stream, maxFreeBytes);
    this.#staging = new Staging(stream);
    this.#launcher = new Launcher(stream, (pointer) => this.#pool.bytesAt(pointer));
    this.#launcher.waits = check;
    this.#check = check;
    this.#data = new DataStorage(this, engine());
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

  /** c = a b^T (+ bias), in batches, whatever order the operands lie in. */
  multiply(product: Product): void {
    multiply(this, product);
  }

  /** Products dy^T x in one launch, see {@link multiplyAll}. */
  multiplyAll(products: readonly Product[]): void {
    multiplyAll(this, products);
  }

  /** A tensor of undefined content on the device. */
  output(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    const dataId = {};
    const size = util.sizeFromShape(shape as number[]);
    this.#data.set(dataId, { dtype, refCount: 1, values: undefined, block: this.#take(size * 4), size });
    return { dataId, shape: [...shape], dtype };
  }

  /**
   * A tensor of undefined content that exists as halves alone where the precision is mixed, until something asks for its float32 form; else
   * as float32. For what products read, and kernels that take either form.
   */
  halfOutput(shape: readonly number[]): TensorInfo {
    if (this.precision !== "mixed") return this.output(shape);
    const dataId = {};
    const size = util.sizeFromShape(shape as number[]);
    const half = this.#take(size * 2);
    this.#data.set(dataId, { dtype: "float32", refCount: 1, values: undefined, block: undefined, half, size });
    return { dataId, shape: [...shape], dtype: "float32" };
  }

  /** A tensor for which memory is taken when `fill`, which is to write it, is called: when something asks for it. */
  deferredOutput(shape: readonly number[], deferred: Deferred): TensorInfo {
    const dataId = {};
    const size = util.sizeFromShape(shape as number[]);
    this.#data.set(dataId, { dtype: "float32", refCount: 1, values: undefined, block: undefined, deferred, size });
    return { dataId, shape: [...shape], dtype: "float32" };
  }

  /** Its sum with another tensor of its shape, if that can be had before it is written itself. */
  deferredSum(tensor: TensorInfo, other: TensorInfo): TensorInfo | undefined {
    return this.#entry(tensor.dataId).deferred?.addedTo?.(other);
  }

  /** The address of an integer that is 0, with which kernels count their blocks. */
  blockCounter(): bigint {
    if (!this.#counter) {
      this.#counter = this.#pool.take(4);
      this.#staging.upload(this.#counter.pointer, Int32Array.of(0));
    }
    return this.#counter.pointer;
  }

  /** Runs `body` with the address of so many bytes of scratch memory. */
  withScratch<T>(bytes: number, body: (pointer: bigint) => T): T {
    const block = this.#take(bytes);
    try {
      return body(block.pointer);
    } finally {
      this.#pool.give(block);
    }
  }

  /** The same values under another shape or, among types of the same words, another type: nothing is copied. */
  alias({ dataId }: TensorInfo, shape: readonly number[], dtype: DataType): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape: [...shape], dtype };
  }

  /** Runs `body` with the address of words that are on the device for as long. */
  withList(words: Int32Array, body: (list: bigint) => void): void {
    this.withScratch(words.byteLength, (pointer) => {
      this.#staging.upload(pointer, words);
      body(pointer);
    });
  }

  /** The address of words that a replay of a recorded step may change; 0n where no step is recorded. */
  replayed(_name: string, _words: Int32Array): bigint {
    return 0n;
  }

  /** Where a tensor's values lie on the device, to which they move on first use, as float32 or what its type is. */
  pointer(tensor: TensorInfo): bigint {
    const entry = this.#ready(tensor.dataId);
    if (entry.block) return entry.block.pointer;
    const block = this.#take(entry.size * 4);
    entry.block = block;
    if (entry.values) {
      if (entry.size > 0) this.#staging.upload(block.pointer, wordsOf(entry.values, entry.dtype));
      if (entry.size > keptValues) entry.values = undefined;
    } else if (entry.half) this.#convert("widen", entry.half.pointer, block.pointer, entry.size);
    return block.pointer;
  }

  /** Where a tensor's halves lie: they are made on first use, and kept until the tensor is written. */
  half(tensor: TensorInfo): bigint {
    const entry = this.#ready(tensor.dataId, true);
    if (entry.half) return entry.half.pointer;
    if (!entry.block && !entry.values) return (entry.half = this.#take(entry.size * 2)).pointer;
    const from = this.pointer(tensor);
    entry.half = this.#take(entry.size * 2);
    this.#convert("narrow", from, entry.half.pointer, entry.size);
    return entry.half.pointer;
  }

  /** Where a tensor lies as what it exists as: halves if there is nothing else. */
  form(tensor: TensorInfo): { pointer: bigint; half: boolean } {
    const { block, half, values } = this.#ready(tensor.dataId);
    return half && !block && !values
      ? { pointer: half.pointer, half: true }
      : { pointer: this.pointer(tensor), half: false };
  }

  /** The halves of a tensor if there are some beside its float32 form. */
  keptHalf(tensor: TensorInfo): bigint | undefined {
    return this.#entry(tensor.dataId).half?.pointer;
  }

  /** Values that the host has, as of a tensor that was made of few numbers and that no kernel wrote. */
  hostValues(tensor: TensorInfo): BackendValues | undefined {
    return this.#entry(tensor.dataId).values;
  }

  /** To be called after a kernel wrote into an existing tensor; `keepHalf`: its halves too. */
  written({ dataId }: TensorInfo, keepHalf = false): void {
    const entry = this.#entry(dataId);
    entry.values = undefined;
    if (keepHalf || !entry.half) return;
    this.#pool.give(entry.half);
    entry.half = undefined;
  }

  /** Keeps a tensor's values until as many calls of {@link letGo}, even if the tensor is disposed of before. */
  hold({ dataId }: TensorInfo): void {
    const entry = this.#entry(dataId);
    entry.holds = (entry.holds ?? 0) + 1;
  }

  letGo({ dataId }: TensorInfo): void {
    const entry = this.#entry(dataId);
    entry.holds!--;
    if (entry.holds! > 0 || entry.refCount > 0) return;
    this.#outlived--;
    this.#free(dataId, entry);
  }

  /** Kernels launched and blocks asked of the driver so far, and the bytes of blocks in use. */
  counters(): { launches: number; allocations: number; bytesInUse: number } {
    return {
      launches: this.#launcher.launches,
      allocations: this.#pool.allocations,
      bytesInUse: this.#pool.bytesUsed,
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

  override write(values: BackendValues, _shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.move(dataId, values, _shape, dtype, 1);
    return dataId;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    if (dtype === "complex64")
      throw fault({
        code: "unsupported",
        place: "cuda",
        problem: "expected a tensor of real numbers, got complex64",
        remedy: "use the cpu backend for it",
        type: TypeError,
      });
    const size = values?.length ?? util.sizeFromShape(shape);
    this.#data.set(dataId, { dtype, refCount, values, block: undefined, size });
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    if (!this.#ready(dataId).values) await this.#stream.finished("waiting for values");
    return this.readSync(dataId);
  }

  override readSync(dataId: DataId): BackendValues {
    const { values, dtype, size } = this.#ready(dataId);
    if (values) return values;
    const from = this.pointer({ dataId, shape: [size], dtype });
    const words = dtype === "float32" ? new Float32Array(size) : new Int32Array(size);
    if (size > 0) {
      const { calls } = this.#stream.driver;
      const code = calls.cuMemcpyDtoHAsync_v2(words, from, words.byteLength, this.#stream.handle);
      this.#stream.check(code, "cuMemcpyDtoHAsync_v2", "copying from the device");
      this.#stream.finish("copying from the device");
    }
    return dtype === "bool" ? Uint8Array.from(words) : words;
  }

  bufferSync<R extends Rank, D extends DataType>(tensor: TensorInfo): TensorBuffer<R, D> {
    const values = this.readSync(tensor.dataId);
    const decoded = tensor.dtype === "string" ? backend_util.fromUint8ToStringArray(values as Uint8Array[]) : values;
    return buffer(tensor.shape as ShapeMap[R], tensor.dtype, decoded as never) as TensorBuffer<R, D>;
  }

  override incRef(dataId: DataId): void {
    this.#entry(dataId).refCount++;
  }

  override refCount(dataId: DataId): number {
    return this.#data.has(dataId) ? this.#entry(dataId).refCount : 0;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.#data.has(dataId)) return true;
    const entry = this.#entry(dataId);
    entry.refCount = force ? 0 : entry.refCount - 1;
    if (entry.refCount > 0) return false;
    if (entry.holds) this.#outlived++;
    else this.#free(dataId, entry);
    return true;
  }

  override numDataIds(): number {
    return this.#data.numDataIds() - this.#outlived;
  }

  override memory(): { unreliable: boolean; numBytesInGPU: number } {
    return { unreliable: false, numBytesInGPU: this.#pool.bytesUsed };
  }

  override async time(f: () => void): Promise<{ kernelMs: number; getExtraProfileInfo?(): string }> {
    this.#stream.finish("timing");
    const start = performance.now();
    f();
    this.#stream.finish("timing");
    return { kernelMs: performance.now() - start };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#launcher.dispose();
    this.#staging.dispose();
    this.#pool.dispose();
    this.#stream.dispose();
  }

  #take(bytes: number): Block {
    const block = this.#pool.take(bytes);
    // NaN as a float and as halves, a large negative number as an int: a kernel that leaves an element unwritten shows.
    if (this.#check) this.#staging.upload(block.pointer, new Uint16Array(Math.max(2, bytes / 2)).fill(0xffc1));
    return block;
  }

  #free(dataId: DataId, { block, half, deferred }: Entry): void {
    deferred?.dropped?.();
    if (block) this.#pool.give(block);
    if (half) this.#pool.give(half);
    this.#data.delete(dataId);
  }

  /** A tensor's entry, written by whoever put that off. */
  #ready(dataId: DataId, half = false): Entry {
    const entry = this.#entry(dataId);
    const { deferred } = entry;
    if (!deferred) return entry;
    entry.deferred = undefined;
    deferred.fill(half);
    return entry;
  }

  #convert(kernel: "narrow" | "widen", from: bigint, to: bigint, size: number): void {
    if (size > 0) this.launch(compiled, kernel, { grid: [Math.ceil(size / 1024)] }, [from, to, size]);
  }

  #entry(dataId: DataId): Entry {
    // What is not here may still be on another backend, from which `get` fetches it.
    if (!this.#data.has(dataId) && !engine().state.tensorInfo.has(dataId))
      throw new Error("cuda backend: expected a live tensor, got a disposed one; tf.keep it or dispose of it later");
    return this.#data.get(dataId);
  }
}
