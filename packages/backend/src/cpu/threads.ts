import { fault } from "@cramkit/errors";
import { FLOATS, FLOATS_AT, INTS } from "@cramkit/wasm-kit";
import type { StartThread, Thread } from "./browser-thread.ts";
import { Contention } from "./contention.ts";
import { argumentsAt, libraryModule, words as names, readFailure, wordsOf, workerWordsOf } from "./control-block.ts";
import type { Heap } from "./heap.ts";
import type { LibraryAddress, Products } from "./library/product.ts";
import { libraryTasks, taskNames } from "./library/tasks.ts";
import { type CompiledModule, compileModule } from "./module.ts";
import { startWorker } from "./start-worker.ts";
import type { WasmSource } from "./wasm-source.ts";

const { JOB, TICKET, DONE, MODULE, MODULE_BYTES, KERNEL, TASKS, ARGUMENTS, STOP, FAILED } = names;
const closed = 0xffff;

/** Waits of a millisecond without a finished task, after which the workers are looked at, or given up. */
const [lookAfter, giveUpAfter] = [1_000, 60_000] as const;

/**
 * Runs the tasks of one job at a time on this thread and on workers over one memory. Tasks are claimed one by one by
 * compare-and-exchange on a ticket that holds the job's number, so nobody waits for a worker that is not there yet (or
 * that the system has not scheduled), and a late one finds nothing to claim. What a task computes may depend on its
 * number but not on who runs it.
 */
export class Threads {
  readonly count: number;
  readonly #heap: Heap;
  readonly #workers: Thread[];
  readonly #words: Int32Array;
  readonly #workerWords: Int32Array;
  readonly #ints: Int32Array;
  readonly #floats: Float32Array;
  readonly #modules = new Map<WasmSource, CompiledModule>();
  readonly #relaxed: boolean;
  readonly #library: CompiledModule | undefined;
  readonly #products: Products | undefined;
  readonly #contention: Contention;
  readonly #beforeTasks: () => void;
  #job = 0;

  /** `wanted` includes the calling thread; more than one needs a shared memory. `count` are those that could be started. */
  constructor(
    heap: Heap,
    wanted: number,
    relaxed: boolean,
    library?: { address: LibraryAddress; products: Products },
    { beforeTasks = () => {}, startThread }: { beforeTasks?: () => void; startThread?: StartThread } = {},
  ) {
    const { buffer } = heap.memory;
    this.#beforeTasks = beforeTasks;
    this.#heap = heap;
    this.#relaxed = relaxed;
    this.#words = wordsOf(heap.memory);
    this.#workerWords = workerWordsOf(heap.memory);
    this.#ints = new Int32Array(buffer, argumentsAt, INTS);
    this.#floats = new Float32Array(buffer, argumentsAt + FLOATS_AT, FLOATS);
    this.#workers = startWorkers(heap.memory, wanted - 1, library?.address, startThread);
    this.count = this.#workers.length + 1;
    this.#contention = new Contention(this.count);
    this.#products = library?.products;
    if (library) {
      const kernels = libraryTasks(library.products, heap.memory);
      this.#library = { address: libraryModule, bytes: 0, names: [...taskNames], callsLibrary: true, kernels };
    }
  }

  /** Runs tasks 0..tasks-1 of an exported kernel and returns when all are done. */
  run(
    source: WasmSource,
    kernel: string,
    tasks: number,
    ints: readonly number[],
    floats: readonly number[] = [],
  ): void {
    if (tasks <= 0) return;
    this.#run(this.#module(source), kernel, tasks, ints, floats);
  }

  /** The same for a task of the library that it was made with. */
  runLibrary(task: (typeof taskNames)[number], tasks: number, ints: readonly number[]): void {
    this.#run(this.#library!, task, tasks, ints, []);
  }

  #run(
    module: CompiledModule,
    kernel: string,
    tasks: number,
    ints: readonly number[],
    floats: readonly number[],
  ): void {
    this.#beforeTasks();
    const index = module.names.indexOf(kernel);
    if (index < 0) throw new Error(`cpu backend: expected a kernel of the module, got "${kernel}"`);
    if (ints.length > INTS || floats.length > FLOATS) {
      const got = `${ints.length} and ${floats.length}`;
      throw new RangeError(`${kernel}: expected at most ${INTS} integers and ${FLOATS} floats, got ${got}`);
    }
    const call = module.kernels[index]!;
    const shareable = this.#workers.length > 0 && tasks > 1 && tasks < closed;
    const alone = !shareable || !this.#contention.mayShare(performance.now());
    if (!alone) {
      this.#job = (this.#job + 1) & 0x7fff;
      Atomics.store(this.#words, TICKET, (this.#job << 16) | closed);
    }
    const [intViews, floatViews] = this.#views();
    for (let i = 0; i < ints.length; i++) intViews[i] = ints[i]!;
    for (let i = 0; i < floats.length; i++) floatViews[i] = floats[i]!;
    const signals = module.callsLibrary ? this.#products?.signals : undefined;
    signals?.hold();
    try {
      if (alone) for (let task = 0; task < tasks; task++) call(argumentsAt, task, 0);
      else this.#share(module, index, call, tasks);
    } finally {
      signals?.release();
    }
  }

  /** Ends the workers. */
  dispose(): void {
    if (this.#workers.length === 0) return;
    Atomics.store(this.#words, STOP, 1);
    Atomics.add(this.#words, JOB, 1);
    Atomics.notify(this.#words, JOB);
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  #share(module: CompiledModule, index: number, call: CompiledModule["kernels"][number], tasks: number): void {
    const words = this.#words;
    Atomics.store(words, MODULE, module.address);
    Atomics.store(words, MODULE_BYTES, module.bytes);
    Atomics.store(words, KERNEL, index);
    Atomics.store(words, TASKS, tasks);
    Atomics.store(words, ARGUMENTS, argumentsAt);
    Atomics.store(words, DONE, 0);
    Atomics.store(words, TICKET, this.#job << 16);
    Atomics.add(words, JOB, 1);
    Atomics.notify(words, JOB);
    const start = performance.now();
    let failure: unknown;
    for (;;) {
      const task = Atomics.add(words, TICKET, 1) & 0xffff;
      if (task >= tasks) break;
      // The others are at work on memory that the caller frees when this throws: they come to an end first.
      try {
        call(argumentsAt, task, 0);
      } catch (error) {
        failure ??= error;
      }
      Atomics.add(words, DONE, 1);
    }
    const computed = performance.now();
    let [before, waits] = [0, 0];
    for (let spin = 0; ; spin++) {
      const done = Atomics.load(words, DONE);
      if (done >= tasks) break;
      if (done !== before) [before, waits] = [done, 0];
      // A browser's main thread may not wait: it spins.
      if (spin > 4000 && mayWait) Atomics.wait(words, DONE, done, 1);
      if (spin > 4000 && ++waits % lookAfter === 0 && mayWait) this.#requireWorkers(tasks - done, waits);
    }
    const end = performance.now();
    this.#contention.record(computed - start, end - computed, end);
    const failedElsewhere = Atomics.exchange(words, FAILED, 0) !== 0;
    if (failure !== undefined) throw failure;
    if (failedElsewhere)
      throw fault({
        code: "worker-lost",
        place: "cpu backend",
        problem: `a kernel failed on a worker thread (${readFailure(this.#heap.memory)})`,
        remedy: "start the backend anew",
      });
  }

  /**
   * Throws if the tasks that are missing are held by threads that ended: nothing would ever finish them, and no signal is
   * heard while this thread waits. What other threads still work on comes to an end first.
   */
  #requireWorkers(missing: number, waits: number): void {
    let lost = 0;
    for (let thread = 1; thread < this.count; thread++) {
      const [isBusy, id] = this.#workerWords.subarray(2 * thread, 2 * thread + 2);
      if (isBusy && id && !isThread(id)) lost++;
    }
    if (missing > lost && waits < giveUpAfter) return;
    for (let thread = 1; thread < this.count; thread++) this.#workerWords[2 * thread] = 0;
    throw fault({
      code: "worker-lost",
      place: "cpu backend",
      problem: `expected ${missing} more tasks from worker threads, got none: ${lost > 0 ? `${lost} ended inside a task` : "they do not answer"}`,
      remedy: "memory may be short: start again, with fewer threads",
    });
  }

  #module(source: WasmSource): CompiledModule {
    let module = this.#modules.get(source);
    if (!module) {
      module = compileModule(source, this.#relaxed, this.#heap, this.#products);
      this.#modules.set(source, module);
    }
    return module;
  }

  /** The parameter block; an unshared memory replaces its buffer when it grows. */
  #views(): [Int32Array, Float32Array] {
    if (this.#ints.length > 0) return [this.#ints, this.#floats];
    const { buffer } = this.#heap.memory;
    return [new Int32Array(buffer, argumentsAt, INTS), new Float32Array(buffer, argumentsAt + FLOATS_AT, FLOATS)];
  }
}

/** Up to `count`: a container may allow fewer threads than it has processors. */
const startWorkers = (
  memory: WebAssembly.Memory,
  count: number,
  library?: LibraryAddress,
  startThread?: StartThread,
): Thread[] => {
  const workers: Thread[] = [];
  try {
    while (workers.length < count) {
      workers.push(startWorker({ memory, thread: workers.length + 1, library }, startThread));
    }
  } catch {
    // The calling thread and those that are there compute the same.
  }
  return workers;
};

/** Whether a thread of this process lives, as Linux tells without a turn of the event loop. */
const isThread = (id: number): boolean =>
  globalThis.process?.getBuiltinModule?.("node:fs").existsSync(`/proc/self/task/${id}`) ?? true;

const mayWait = typeof (globalThis as { document?: unknown }).document === "undefined";
