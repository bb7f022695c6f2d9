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
import type { Stream } from "../driver/stream.ts";
import { type Deferred, type Entry, wordsOf } from "./entry.ts";
import { type Block, MemoryPool } from "./pool.ts";
import { notWhileRecording, type Recorder } from "./recording.ts";
import { Staging } from "./staging.ts";

type DataId = TensorInfo["dataId"];

/** Values that stay on the host as well, so that reading a scalar back waits for nothing. */
const keptValues = 16;

export interface DeviceTensorsOptions {
  stream: Stream;
  /**
   * "mixed": tensors may exist as halves alone.
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
 * The half of the backend that holds tensors: in blocks of a pool, as float32 (or 32 bits of another type), as halves, or as both; or as work
 * that is put off. Nothing here launches a kernel but `convert`.
 */
export abstract class DeviceTensors extends KernelBackend {
  readonly precision: "float32" | "mixed";
  protected readonly stream: Stream;
  protected readonly pool: MemoryPool;
  /** The backend's own memory, and that of recordings. */
  protected readonly pools: Set<MemoryPool>;
  protected readonly staging: Staging;
  /** Called when memory runs out, before that is an error: to dispose of a recording, for example, which is tried again without. */
  whenFull: (() => void) | undefined;
  /** The step that is being recorded. */
  protected recorder: Recorder | undefined;
  protected readonly data: DataStorage<Entry>;
  readonly #check: boolean;
  /** Tensors that were disposed of while somebody holds their values. */
  #outlived = 0;
  /** Tensors that are written when something asks for them. */
  readonly #deferred = new Set<DataId>();

  constructor({ stream, maxFreeBytes, check = false, precision = "float32" }: DeviceTensorsOptions) {
    super();
    this.stream = stream;
    this.precision = precision;
    this.pool = new MemoryPool(stream, maxFreeBytes);
    this.pool.onFull = () => this.whenFull?.();
    this.pools = new Set([this.pool]);
    this.staging = new Staging(stream);
    this.#check = check;
    this.data = new DataStorage(this, engine());
  }

  /** Writes the other form of so many elements. */
  protected abstract convert(kernel: "narrow" | "widen", from: bigint, to: bigint, size: number): void;

  /** A tensor of undefined content on the device. */
  output(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    const dataId = {};
    const size = util.sizeFromShape(shape as number[]);
    this.#add(dataId, { dtype, refCount: 1, values: undefined, block: this.#take(size * 4), size });
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
    this.#add(dataId, { dtype: "float32", refCount: 1, values: undefined, block: undefined, half, size });
    return { dataId, shape: [...shape], dtype: "float32" };
  }

  /** A tensor for which memory is taken when `fill`, which is to write it, is called: when something asks for it. */
  deferredOutput(shape: readonly number[], deferred: Deferred): TensorInfo {
    const dataId = {};
    const size = util.sizeFromShape(shape as number[]);
    this.#add(dataId, { dtype: "float32", refCount: 1, values: undefined, block: undefined, deferred, size });
    this.#deferred.add(dataId);
    return { dataId, shape: [...shape], dtype: "float32" };
  }

  /** Has all written that was put off: work of one side of a recording's border must not be done on the other. */
  protected settle(): void {
    for (const dataId of this.#deferred) this.#ready(dataId);
  }

  /** Its sum with another tensor of its shape, if that can be had before it is written itself. */
  deferredSum(tensor: TensorInfo, other: TensorInfo): TensorInfo | undefined {
    return this.#entry(tensor.dataId).deferred?.addedTo?.(other);
  }

  /** Runs `body` with the address of so many bytes of scratch memory. */
  withScratch<T>(bytes: number, body: (pointer: bigint) => T): T {
    const block = this.#take(bytes);
    try {
      return body(block.pointer);
    } finally {
      this.#give(block);
    }
  }

  /** The same values under another shape or, among types of the same words, another type: nothing is copied. */
  alias({ dataId }: TensorInfo, shape: readonly number[], dtype: DataType): TensorInfo {
    this.incRef(dataId);
    return { dataId, shape: [...shape], dtype };
  }

  /** Runs `body` with the address of words that are on the device for as long. */
  withList(words: Int32Array, body: (list: bigint) => void): void {
    const block = this.#take(words.byteLength);
    try {
      this.#upload(block, words);
      body(block.pointer);
    } finally {
      this.#give(block);
    }
  }

  /** New values for a tensor, in its place. */
  assign(tensor: TensorInfo, values: Float32Array | Int32Array): void {
    const entry = this.#entry(tensor.dataId);
    if (values.length !== entry.size)
      throw new RangeError(`cuda assign: expected ${entry.size} values, got ${values.length}`);
    const pointer = this.pointer(tensor);
    entry.values = undefined;
    this.#upload(entry.block!, values);
    if (entry.half) this.convert("narrow", pointer, entry.half.pointer, entry.size);
  }

  /** The values of a tensor in the place of another one's of its size. */
  overwrite(to: TensorInfo, from: TensorInfo): void {
    const bytes = this.#entry(to.dataId).size * 4;
    const [target, source] = [this.pointer(to), this.pointer(from)];
    const code = this.stream.driver.calls.cuMemcpyDtoDAsync_v2(target, source, bytes, this.stream.handle);
    this.stream.check(code, "cuMemcpyDtoDAsync_v2", "copying on the device");
    this.written(to);
  }

  /** Where a tensor's values lie on the device, to which they move on first use, as float32 or what its type is. */
  pointer(tensor: TensorInfo): bigint {
    const entry = this.#ready(tensor.dataId);
    if (entry.block) return entry.block.pointer;
    // Values of a tensor from before a recording outlive it.
    const outlives = entry.values !== undefined && !this.#isOfRecording(tensor.dataId);
    const block = outlives ? this.pool.take(entry.size * 4) : this.#take(entry.size * 4);
    entry.block = block;
    if (entry.values) {
      if (entry.size > 0) this.#upload(block, wordsOf(entry.values, entry.dtype));
      if (entry.size > keptValues) entry.values = undefined;
    } else if (entry.half) {
      this.convert("widen", entry.half.pointer, block.pointer, entry.size);
      this.#forgetLater(tensor.dataId, block, () => (entry.block = undefined));
    }
    return block.pointer;
  }

  /** Where a tensor's halves lie: they are made on first use, and kept until the tensor is written. */
  half(tensor: TensorInfo): bigint {
    const entry = this.#ready(tensor.dataId, true);
    if (entry.half) return entry.half.pointer;
    if (!entry.block && !entry.values) return (entry.half = this.#take(entry.size * 2)).pointer;
    const from = this.pointer(tensor);
    entry.half = this.#take(entry.size * 2);
    this.convert("narrow", from, entry.half.pointer, entry.size);
    this.#forgetLater(tensor.dataId, entry.half, () => (entry.half = undefined));
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
    // What was there before a recording may have other values when it is replayed.
    if (this.recorder && !this.recorder.born.has(tensor.dataId)) return undefined;
    return this.#entry(tensor.dataId).values;
  }

  /** To be called after a kernel wrote into an existing tensor; `keepHalf`: its halves too. */
  written({ dataId }: TensorInfo, keepHalf = false): void {
    const entry = this.#entry(dataId);
    if (this.recorder?.born.has(dataId))
      throw notWhileRecording("a tensor that the step made of values was written", "make it before the step");
    entry.values = undefined;
    if (keepHalf || !entry.half) return;
    this.#give(entry.half);
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
    const input = this.recorder?.input(values);
    this.#add(dataId, { dtype, refCount, values: input ? undefined : values, block: input, size });
    if (!input) this.recorder?.born.add(dataId);
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    if (!this.#ready(dataId).values && !this.recorder) await this.stream.finished("waiting for values");
    return this.readSync(dataId);
  }

  override readSync(dataId: DataId): BackendValues {
    const { values, dtype, size } = this.#ready(dataId);
    if (values) return values;
    if (this.recorder) throw notWhileRecording("values were read", "read what `record` returns, after a replay");
    const from = this.pointer({ dataId, shape: [size], dtype });
    const words = dtype === "float32" ? new Float32Array(size) : new Int32Array(size);
    if (size > 0) {
      const { calls } = this.stream.driver;
      const code = calls.cuMemcpyDtoHAsync_v2(words, from, words.byteLength, this.stream.handle);
      this.stream.check(code, "cuMemcpyDtoHAsync_v2", "copying from the device");
      this.stream.finish("copying from the device");
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
    return this.data.has(dataId) ? this.#entry(dataId).refCount : 0;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const entry = this.#entry(dataId);
    entry.refCount = force ? 0 : entry.refCount - 1;
    if (entry.refCount > 0) return false;
    if (entry.holds) this.#outlived++;
    else this.#free(dataId, entry);
    return true;
  }

  override numDataIds(): number {
    return this.data.numDataIds() - this.#outlived;
  }

  override memory(): { unreliable: boolean; numBytesInGPU: number } {
    return { unreliable: false, numBytesInGPU: this.bytesUsed() };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  protected bytesUsed(): number {
    return [...this.pools].reduce((sum, { bytesUsed }) => sum + bytesUsed, 0);
  }

  #take(bytes: number): Block {
    if (this.recorder) return this.recorder.pool.take(bytes);
    const block = this.pool.take(bytes);
    // NaN as a float and as halves, a large negative number as an int: a kernel that leaves an element unwritten shows.
    if (this.#check) this.staging.upload(block.pointer, new Uint16Array(Math.max(2, bytes / 2)).fill(0xffc1));
    return block;
  }

  #free(dataId: DataId, { block, half, deferred }: Entry): void {
    deferred?.dropped?.();
    this.#deferred.delete(dataId);
    if (block) this.#give(block);
    if (half) this.#give(half);
    this.data.delete(dataId);
  }

  /** A tensor's entry, written by whoever put that off. */
  #ready(dataId: DataId, half = false): Entry {
    const entry = this.#entry(dataId);
    const { deferred } = entry;
    if (!deferred) return entry;
    entry.deferred = undefined;
    this.#deferred.delete(dataId);
    deferred.fill(half);
    return entry;
  }

  #add(dataId: DataId, entry: Entry): void {
    this.data.set(dataId, entry);
    this.recorder?.made.add(dataId);
  }

  #isOfRecording(dataId: DataId): boolean {
    return this.recorder?.made.has(dataId) === true;
  }

  /** A form of a tensor from before a recording is the graph's alone: it is not there before a replay. */
  #forgetLater(dataId: DataId, block: Block, forget: () => void): void {
    if (this.recorder && !this.#isOfRecording(dataId)) this.recorder.adopted.push({ block, forget });
  }

  #upload(block: Block, view: ArrayBufferView): void {
    if (this.recorder) this.recorder.upload(block, view);
    else this.staging.upload(block.pointer, view);
  }

  #give(block: Block): void {
    if (this.recorder) this.recorder.give(block);
    else block.pool.give(block);
    if (block.pool.isSpent) this.pools.delete(block.pool);
  }

  #entry(dataId: DataId): Entry {
    // What is not here may still be on another backend, from which `get` fetches it.
    if (!this.data.has(dataId) && !engine().state.tensorInfo.has(dataId))
      throw new Error("cuda backend: expected a live tensor, got a disposed one; tf.keep it or dispose of it later");
    return this.data.get(dataId);
  }
}
