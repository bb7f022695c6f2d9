import { fault } from "@cramkit/errors";
import type { backend_util, DataType, TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "./heap.ts";

type Numbers = Float32Array | Int32Array;

/**
 * The storage of one tensor as tfjs-backend-cpu sees it (`values`, `dtype`, `refCount`): an array on the JavaScript side
 * until a WASM kernel asks for its address, a view of the heap from then on.
 */
export class TensorEntry {
  readonly dtype: DataType;
  refCount = 1;
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  readonly #heap: Heap;
  #host: backend_util.BackendValues | undefined;
  #address = 0;
  #size = 0;
  #view: Numbers | undefined;

  private constructor(heap: Heap, dtype: DataType) {
    this.#heap = heap;
    this.dtype = dtype;
  }

  /** Undefined content, in the heap. */
  static inHeap(heap: Heap, dtype: "float32" | "int32", size: number): TensorEntry {
    const entry = new TensorEntry(heap, dtype);
    entry.#size = size;
    entry.#address = heap.allocate(size * 4);
    return entry;
  }

  /** Borrows `values`, unless they are a view of the heap, which is copied: its owner may go first. */
  static of(heap: Heap, dtype: DataType, values: backend_util.BackendValues): TensorEntry {
    const entry = new TensorEntry(heap, dtype);
    entry.values = values;
    return entry;
  }

  get isInHeap(): boolean {
    return this.#address !== 0;
  }

  get values(): backend_util.BackendValues {
    if (this.#address === 0) return this.#host!;
    const { buffer } = this.#heap.memory;
    // An unshared memory that grew has detached the views of its former buffer.
    if (!this.#view || (this.#view.length !== this.#size && this.#view.buffer !== buffer)) {
      const View = this.dtype === "int32" ? Int32Array : Float32Array;
      this.#view = new View(buffer, this.#address, this.#size);
    }
    return this.#view;
  }

  set values(values: backend_util.BackendValues) {
    this.release();
    const array = values as backend_util.TypedArray | undefined;
    const aliases = ArrayBuffer.isView(array) && isHeapBuffer(array.buffer, this.#heap);
    this.#host = aliases ? array.slice() : values;
  }

  /** Where the values lie in the heap. */
  address(): number {
    if (this.#address !== 0) return this.#address;
    if (this.dtype !== "float32" && this.dtype !== "int32") {
      throw fault({
        code: "invalid-argument",
        place: "cpu backend",
        problem: `expected a float32 or int32 tensor, got ${this.dtype}`,
        remedy: "use tf.cast",
        type: TypeError,
      });
    }
    const host = this.#host as Numbers;
    this.#size = host.length;
    this.#address = this.#heap.allocate(this.#size * 4);
    this.#host = undefined;
    (this.values as Numbers).set(host);
    return this.#address;
  }

  /** Gives the memory back. */
  release(): void {
    if (this.#address !== 0) this.#heap.free(this.#address, this.#size * 4);
    this.#address = 0;
    this.#view = undefined;
    this.#host = undefined;
  }
}

const isHeapBuffer = (buffer: ArrayBufferLike, heap: Heap): boolean =>
  buffer === heap.memory.buffer || (typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer);
