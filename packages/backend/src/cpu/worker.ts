// The thread beside the main one. It is compiled into a string (worker.generated.ts) and started from there, so it may
// not import anything. Everything it needs lies in the shared memory; the words are those of threads.ts.

const serve = (memory: WebAssembly.Memory, thread: number, id: number): void => {
  type Kernel = (args: number, task: number, thread: number) => void;
  // The words: job number, ticket, tasks done, module address, module bytes, kernel, tasks, arguments, stop, failed
  const [JOB, TICKET, DONE, MODULE, MODULE_BYTES, KERNEL, TASKS, ARGUMENTS, STOP, FAILED] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  ] as const;
  const words = new Int32Array(memory.buffer, 1024, 16);
  /** Whether this thread holds a task, and the system's number of it: how the main thread tells that it ended. */
  const mine = new Int32Array(memory.buffer, 4096 + 8 * thread, 2);
  mine[1] = id;
  const modules = new Map<number, Kernel[]>();

  const kernelsOf = (address: number, bytes: number): Kernel[] => {
    let kernels = modules.get(address);
    if (!kernels) {
      const code = new Uint8Array(memory.buffer, address >>> 0, bytes).slice();
      const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
      kernels = Object.values(instance.exports).filter((value) => typeof value === "function") as Kernel[];
      modules.set(address, kernels);
    }
    return kernels;
  };

  let seen = 0;
  for (;;) {
    // A short spin catches the next job of a chain; then sleep.
    for (let spin = 0; spin < 2000 && Atomics.load(words, JOB) === seen; spin++);
    Atomics.wait(words, JOB, seen);
    if (Atomics.load(words, STOP)) return;
    seen = Atomics.load(words, JOB);

    // A ticket is the low 16 bits of the job's number and the next task. What follows it is read before a task is
    // claimed: where the claim succeeds, the job was still the same one.
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
      } catch {
        Atomics.store(words, FAILED, 1);
      }
      Atomics.add(words, DONE, 1);
      Atomics.notify(words, DONE);
    }
    Atomics.store(mine, 0, 0);
  }
};

/** The system's number of this thread, 0 where it does not tell. */
const threadId = (): number => {
  try {
    return Number(require("node:fs").readlinkSync("/proc/thread-self").split("/").pop());
  } catch {
    return 0;
  }
};

if (typeof require === "function") {
  const { memory, thread } = require("node:worker_threads").workerData;
  serve(memory, thread, threadId());
} else {
  globalThis.onmessage = ({ data }: MessageEvent) => serve(data.memory, data.thread, 0);
}
