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
import type { CardReport } from "./driver/device.ts";
import type { CompiledKernels } from "./driver/kernel-module.ts";
import type { Stream } from "./driver/stream.ts";
import { type KernelTraffic, type LaunchArgument, Launcher, type LaunchOptions } from "./launcher.ts";
import { type Block, MemoryPool } from "./memory/pool.ts";
import { Staging } from "./memory/staging.ts";
import { multiply, type Product } from "./products/multiply.ts";

type DataId = TensorInfo["dataId"];

/** What is kept of a tensor: values of the host until a kernel wants them, memory of the device from then on. */
interface Entry {
  readonly dtype: DataType;
  refCount: number;
  /** Kept beside the device's if they are few. */
  values: BackendValues | undefined;
  block: Block | undefined;
  readonly size: number;
}

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

  /** A tensor of undefined content on the device. */
  output(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    const dataId = {};
    const size = util.sizeFromShape(shape as number[]);
    this.#data.set(dataId, { dtype, refCount: 1, values: undefined, block: this.#take(size * 4), size });
    return { dataId, shape: [...shape], dtype };
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

  /** Where a tensor's values lie on the device, to which they move on first use. */
  pointer(tensor: TensorInfo): bigint {
    const entry = this.#entry(tensor.dataId);
    if (entry.block) return entry.block.pointer;
    entry.block = this.#take(entry.size * 4);
    if (entry.size > 0) this.#staging.upload(entry.block.pointer, wordsOf(entry.values!, entry.dtype));
    if (entry.size > keptValues) entry.values = undefined;
    return entry.block.pointer;
  }

  /** To be called after a kernel wrote into an existing tensor. */
  written({ dataId }: TensorInfo): void {
    this.#entry(dataId).values = undefined;
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
    if (!this.#entry(dataId).values) await this.#stream.finished("waiting for values");
    return this.readSync(dataId);
  }

  override readSync(dataId: DataId): BackendValues {
    const { values, block, dtype, size } = this.#entry(dataId);
    if (values) return values;
    const words = dtype === "float32" ? new Float32Array(size) : new Int32Array(size);
    if (size > 0) {
      const { calls } = this.#stream.driver;
      const code = calls.cuMemcpyDtoHAsync_v2(words, block!.pointer, words.byteLength, this.#stream.handle);
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
    if (entry.block) this.#pool.give(entry.block);
    this.#data.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.#data.numDataIds();
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
    // NaN as a float, a large negative number as an int: a kernel that leaves an element unwritten shows.
    if (this.#check) this.#staging.upload(block.pointer, new Uint32Array(Math.max(1, bytes / 4)).fill(0xffc00001));
    return block;
  }

  #entry(dataId: DataId): Entry {
    // What is not here may still be on another backend, from which `get` fetches it.
    if (!this.#data.has(dataId) && !engine().state.tensorInfo.has(dataId))
      throw new Error("cuda backend: expected a live tensor, got a disposed one; tf.keep it or dispose of it later");
    return this.#data.get(dataId);
  }
}

/** Values as the device has them: float32 or int32. */
const wordsOf = (values: BackendValues, dtype: DataType): Float32Array | Int32Array => {
  if (dtype === "string")
    throw fault({
      code: "unsupported",
      place: "cuda",
      problem: "expected numbers, got strings",
      remedy: "keep strings on the host",
      type: TypeError,
    });
  const numbers = values as ArrayLike<number>;
  if (dtype === "float32") return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
};
