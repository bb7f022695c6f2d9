// The thread beside the main one. It is bundled into a string (worker.generated.ts) and started from there, so that no
// file path can break. Everything that it needs lies in the shared memory.
import * as shared from "./control-block.ts";
import { openProducts } from "./library/open-products.ts";
import type { LibraryAddress, Products } from "./library/product.ts";
import { productImport } from "./library/product-import.ts";
import { libraryTasks, type Task } from "./library/tasks.ts";

/** What starts a worker. */
export interface WorkerData {
  memory: WebAssembly.Memory;
  /** Its number; the main thread is 0. */
  thread: number;
  /**
   * The library for products.
   *
   * @defaultValue WebAssembly
   */
  library?: LibraryAddress;
}

const serve = ({ memory, thread, library }: WorkerData): void => {
  const { JOB, TICKET, DONE, MODULE, MODULE_BYTES, KERNEL, TASKS, ARGUMENTS, STOP, FAILED } = shared.words;
  const words = shared.wordsOf(memory);
  const modules = new Map<number, Task[]>();
  let products: Products | undefined;
  /** Whether this thread holds a task, and the system's number of it: how the main thread tells that it ended. */
  const mine = shared.workerWordsOf(memory).subarray(2 * thread, 2 * thread + 2);
  mine[1] = threadId();

  const kernelsOf = (address: number, bytes: number): Task[] => {
    let kernels = modules.get(address);
    if (!kernels) {
      products ??= library && openProducts(library, memory);
      kernels = address === shared.libraryModule ? libraryTasks(products!, memory) : compiled(address, bytes);
      modules.set(address, kernels);
    }
    return kernels;
  };

  const compiled = (address: number, bytes: number): Task[] => {
    const code = new Uint8Array(memory.buffer, address >>> 0, bytes).slice();
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), {
      env: { memory, product: productImport(products) },
    });
    return Object.values(instance.exports).filter((value) => typeof value === "function") as Task[];
  };

  let seen = 0;
  for (;;) {
    // A short spin catches the next job of a chain; then sleep.
    for (let spin = 0; spin < 2000 && Atomics.load(words, JOB) === seen; spin++);
    Atomics.wait(words, JOB, seen);
    if (Atomics.load(words, STOP)) return;
    seen = Atomics.load(words, JOB);

    // A ticket is the low 16 bits of the job's number and the next task. What follows it is read before a task is
    // claimed: if the claim succeeds, the job was still the same one.
    for (;;) {
      const ticket = Atomics.load(words, TICKET);
      const task = ticket & 0xffff;
      const address = Atomics.load(words, MODULE);
      const bytes = Atomics.load(words, MODULE_BYTES);
      const kernel = Atomics.load(words, KERNEL);
      const args = Atomics.load(words, ARGUMENTS);
      if (task >= Atomics.load(words, TASKS)) break;
      Atomics.store(mine, 0, 1);
      if (Atomics.compareExchange(words, TICKET, ticket, ticket + 1) !== ticket) continue;
      try {
        kernelsOf(address, bytes)[kernel]!(args, task, thread);
      } catch (error) {
        shared.writeFailure(memory, String(error));
        Atomics.store(words, FAILED, 1);
      }
      Atomics.add(words, DONE, 1);
      Atomics.notify(words, DONE);
    }
    Atomics.store(mine, 0, 0);
  }
};

/** The system's number of this thread, 0 if it does not tell. */
const threadId = (): number => {
  try {
    return Number(process.getBuiltinModule("node:fs").readlinkSync("/proc/thread-self").split("/").pop());
  } catch {
    return 0;
  }
};

const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
if (threads) {
  serve(threads.workerData);
} else {
  globalThis.onmessage = ({ data }: MessageEvent) => serve(data);
}
