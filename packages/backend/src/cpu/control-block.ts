/** Where the threads meet: words at address 1024 of the memory that they share, then the text of an error. */
const control = 1024;

export const words = {
  JOB: 0,
  TICKET: 1,
  DONE: 2,
  MODULE: 3,
  MODULE_BYTES: 4,
  KERNEL: 5,
  TASKS: 6,
  ARGUMENTS: 7,
  STOP: 8,
  FAILED: 9,
} as const;

/** As the module's address: the tasks are those of the library for products. */
export const libraryModule = 0;

/** The parameters of the job under way. */
export const argumentsAt = 2048;

const [failureAt, failureBytes] = [control + 64, 900];

export const wordsOf = (memory: WebAssembly.Memory): Int32Array => new Int32Array(memory.buffer, control, 16);

/** Threads of one backend, the calling one included. */
export const maxThreads = 256;

/** Two words for each worker: whether it holds a task, and the system's number of its thread (0: not known). */
export const workerWordsOf = (memory: WebAssembly.Memory): Int32Array =>
  new Int32Array(memory.buffer, 4096, 2 * maxThreads);

/** The text of an error, for the thread that waits: the last one stays. */
export const writeFailure = (memory: WebAssembly.Memory, message: string): void => {
  const bytes = new TextEncoder().encode(message).subarray(0, failureBytes - 4);
  new Uint8Array(memory.buffer, failureAt + 4, bytes.length).set(bytes);
  Atomics.store(new Int32Array(memory.buffer, failureAt, 1), 0, bytes.length);
};

export const readFailure = (memory: WebAssembly.Memory): string => {
  const length = Atomics.load(new Int32Array(memory.buffer, failureAt, 1), 0);
  return new TextDecoder().decode(new Uint8Array(memory.buffer, failureAt + 4, length).slice());
};
