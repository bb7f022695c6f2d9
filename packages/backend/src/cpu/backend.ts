import { fault } from "@cramkit/errors";
import { LAYOUT } from "@cramkit/wasm-kit";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import {
  type backend_util,
  buffer,
  type DataType,
  engine,
  type Rank,
  type ShapeMap,
  type TensorBuffer,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import type { StartThread } from "./browser-thread.ts";
import { type GemmBatch, type GemmProblem, runGemm, runGemmBatch } from "./gemm.ts";
import { Heap, heapStart } from "./heap.ts";
import type { FoundProducts } from "./library/find-products.ts";
import { runLibraryBatch, runLibraryGemm, worthACall } from "./library/gemm.ts";
import type { taskNames } from "./library/tasks.ts";
import { TensorEntry } from "./tensor-entry.ts";
import { Threads } from "./threads.ts";
import type { WasmSource } from "./wasm-source.ts";

type DataId = TensorInfo["dataId"];

export interface CpuBackendOptions {
  memory: WebAssembly.Memory;
  /** Including the calling one. */
  threads: number;
  relaxed: boolean;
  /**
   * The library that computes matrix products, in place of WebAssembly.
   *
   * @defaultValue WebAssembly
   */
  library?: FoundProducts;
  /**
   * The fewest multiply-adds of a product that it computes.
   *
   * @defaultValue `2 ** 15`
   */
  libraryFrom?: number;
  /**
   * Whether products that allow it round their operands to bf16.
   *
   * @defaultValue `false`
   */
  mixed?: boolean;
  /**
   * Called before the tasks of a kernel.
   *
   * @defaultValue nothing is called
   */
  beforeTasks?: () => void;
  /**
   * Starts a thread in a browser.
   *
   * @defaultValue the calling thread starts a `Worker`
   */
  startThread?: StartThread;
}

/**
 * tfjs-backend-cpu with its tensors in one WebAssembly memory that worker threads share. Kernels of tfjs-backend-cpu run
 * on views of that memory; ours get addresses. `data` of the base class holds a TensorEntry per tensor.
 */
export class CpuBackend extends MathBackendCPU {
  /** Including the calling one: as many as were asked for, or as could be started. */
  readonly threads: number;
  /** The call layout of the WebAssembly that it runs, see `@cramkit/wasm-kit`. */
  readonly layout = LAYOUT;
  readonly #heap: Heap;
  /** The fewest multiply-adds of a product that a library computes inside a kernel of WebAssembly; Infinity without one. */
  readonly libraryFrom: number;
  readonly #pool: Threads;
  readonly #mixed: boolean;

  constructor({
    memory,
    threads,
    relaxed,
    library,
    libraryFrom = worthACall,
    mixed = false,
    beforeTasks,
    startThread,
  }: CpuBackendOptions) {
    super();
    // The base class greets its first tensor with an advertisement.
    Object.assign(this, { firstUse: false });
    this.#heap = new Heap(memory, heapStart);
    this.#pool = new Threads(this.#heap, threads, relaxed, library, { beforeTasks, startThread });
    this.libraryFrom = library ? libraryFrom : Number.POSITIVE_INFINITY;
    this.#mixed = mixed;
    this.threads = this.#pool.count;
  }

  /** Address of a float32 or int32 tensor, which moves into the heap on first use. */
  address(tensor: TensorInfo): number {
    return this.#entry(tensor.dataId).address();
  }

  /** A tensor of undefined content in the heap. */
  output(shape: number[], dtype: "float32" | "int32" = "float32"): TensorInfo {
    const size = shape.reduce((a, b) => a * b, 1);
    const dataId = {};
    this.data.set(dataId, TensorEntry.inHeap(this.#heap, dtype, size));
    return { dataId, shape, dtype };
  }

  /** Runs `body` with the address of `bytes` bytes of scratch memory. */
  withScratch<T>(bytes: number, body: (address: number) => T): T {
    const address = this.#heap.allocate(bytes);
    try {
      return body(address);
    } finally {
      this.#heap.free(address, bytes);
    }
  }

  /** Runs tasks 0..tasks-1 of a kernel of a WASM module on all threads; see Threads. */
  run(source: WasmSource, kernel: string, tasks: number, ints: readonly number[], floats?: readonly number[]): void {
    this.#pool.run(source, kernel, tasks, ints, floats);
  }

  /** Runs tasks of the library that computes products. */
  runLibrary(task: (typeof taskNames)[number], tasks: number, ints: readonly number[]): void {
    this.#pool.runLibrary(task, tasks, ints);
  }

  /** C = A B on all threads. */
  gemm(problem: GemmProblem): void {
    const { m, n, k, mixed = false } = problem;
    if (m * n * k >= this.libraryFrom) runLibraryGemm(this, problem, mixed && this.#mixed);
    else runGemm(this, problem);
  }

  /** Products of one size, each on one thread: C[i] = A[i] B[i]. */
  gemmBatch(problem: GemmBatch): void {
    const { m, n, k } = problem;
    if (m * n * k >= this.libraryFrom) runLibraryBatch(this, problem);
    else runGemmBatch(this, problem);
  }

  /** The values of a tensor, without a copy. Valid until the tensor is disposed of. */
  view(tensor: TensorInfo): backend_util.TypedArray {
    return this.#entry(tensor.dataId).values as backend_util.TypedArray;
  }

  /** Numbers at an address, until memory is next allocated. */
  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.#heap.memory.buffer, address, count);
  }

  doubles(address: number, count: number): Float64Array {
    return new Float64Array(this.#heap.memory.buffer, address, count);
  }

  /** Bytes of the memory that tensors and compiled modules occupy. */
  get bytesInUse(): number {
    return this.#heap.bytesInUse;
  }

  override write(values: backend_util.BackendValues, _shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.data.set(dataId, TensorEntry.of(this.#heap, dtype, values));
    return dataId;
  }

  override move(
    dataId: DataId,
    values: backend_util.BackendValues,
    _: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const entry = TensorEntry.of(this.#heap, dtype, values);
    entry.refCount = refCount;
    this.data.set(dataId, entry);
  }

  /** A copy: the memory behind a tensor is used again when it is disposed of. */
  override readSync(dataId: DataId): backend_util.BackendValues {
    const values = super.readSync(dataId);
    return ArrayBuffer.isView(values) && this.#entry(dataId).isInHeap ? (values as Float32Array).slice() : values;
  }

  override bufferSync<R extends Rank, D extends DataType>(tensor: TensorInfo): TensorBuffer<R, D> {
    if (tensor.dtype === "string" || tensor.dtype === "complex64") return super.bufferSync(tensor);
    return buffer(tensor.shape as ShapeMap[R], tensor.dtype, this.view(tensor)) as TensorBuffer<R, D>;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.data.has(dataId) ? this.#entry(dataId) : undefined;
    const released = super.disposeData(dataId, force);
    if (released) entry?.release();
    return released;
  }

  override memory(): { unreliable: boolean; reasons: string[] } {
    return { unreliable: false, reasons: [] };
  }

  override dispose(): void {
    this.#pool.dispose();
  }

  #entry(dataId: DataId): TensorEntry {
    // What is not here may still be on another backend, from which `get` fetches it.
    if (!this.data.has(dataId) && !engine().state.tensorInfo.has(dataId)) {
      throw fault({
        code: "invalid-argument",
        place: "cpu backend",
        problem: "expected a live tensor, got a disposed one",
        remedy: "tf.keep it or dispose of it later",
      });
    }
    return this.data.get(dataId) as TensorEntry;
  }
}
