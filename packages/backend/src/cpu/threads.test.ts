import { INTS, LAYOUT } from "@cramkit/wasm-kit";
import { afterEach, expect, it, vi } from "vitest";
import { startBackend } from "../start-backend.ts";
import { Heap, heapStart } from "./heap.ts";
import { Threads } from "./threads.ts";

afterEach(() => vi.restoreAllMocks());

const signedLeb = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const last = (rest >> 7 === 0 && !(rest & 64)) || (rest >> 7 === -1 && Boolean(rest & 64));
    bytes.push((rest & 127) | (last ? 0 : 128));
    if (last) return bytes;
  }
};
const text = (name: string) => [name.length, ...[...name].map((letter) => letter.charCodeAt(0))];
const section = (id: number, bytes: number[]) => [id, bytes.length, ...bytes];

/** Of the memory below the heap: counts finished tasks. */
const counter = 8192;
const i32 = { constant: 0x41, add: 0x6a, lessUnsigned: 0x49, isZero: 0x45, load: [0x28, 2, 0], store: [0x36, 2, 0] };

/** (args, task, thread): traps on thread 0; on others it counts to fifty million and then adds one to `counter`. */
const body = [
  ...[1, 1, 0x7f], // one local integer
  ...[0x20, 2, i32.isZero, 0x04, 0x40, 0x00, 0x0b], // if thread == 0: unreachable
  ...[0x03, 0x40, 0x20, 3, i32.constant, 1, i32.add, 0x22, 3], // loop: local 3 += 1
  ...[i32.constant, ...signedLeb(50_000_000), i32.lessUnsigned, 0x0d, 0, 0x0b], // again below the limit
  ...[i32.constant, ...signedLeb(counter), i32.constant, ...signedLeb(counter), ...i32.load],
  ...[i32.constant, 1, i32.add, ...i32.store, 0x0b],
];
const module = [
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]),
  ...section(2, [1, ...text("env"), ...text("memory"), 2, 3, 1, 0x80, 0x80, 4]),
  ...section(3, [1, 0]),
  ...section(7, [1, ...text("slowOrTrap"), 0, 0]),
  ...section(10, [1, body.length, ...body]),
];

it("throws what a kernel threw only when no other thread is at work on the job any more", async () => {
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true });
  const threads = new Threads(new Heap(memory, heapStart), 2, false);
  const encoded = btoa(String.fromCharCode(...module));
  const words = new Int32Array(memory.buffer);
  const source = { layout: LAYOUT, plain: encoded, relaxed: encoded };
  // The worker has to be there, and to have claimed a task, when the calling thread fails.
  await vi.waitFor(() => {
    const before = words[counter / 4]!;
    expect(() => threads.run(source, "slowOrTrap", 1000, [])).toThrow(/unreachable/);
    const after = words[counter / 4]!;
    Atomics.wait(words, counter / 4 + 1, 0, 300);
    expect(words[counter / 4]).toBe(after);
    expect(after).toBeGreaterThan(before);
  }, 10_000);
  threads.dispose();
});

it("refuses a module of another call layout, and more arguments than the layout has room for", () => {
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true });
  const threads = new Threads(new Heap(memory, heapStart), 1, false);
  const encoded = btoa(String.fromCharCode(...module));
  const source = { layout: LAYOUT, plain: encoded, relaxed: encoded };
  expect(() => threads.run({ ...source, layout: LAYOUT + 1 }, "slowOrTrap", 1, [])).toThrow(/layout/);
  expect(() => threads.run(source, "slowOrTrap", 1, Array(INTS + 1).fill(0))).toThrow(/at most 32 integers/);
  threads.dispose();
});

it("computes with the threads that start, where the system gives no more", async () => {
  const real = process.getBuiltinModule("node:worker_threads");
  let made = 0;
  class Worker extends real.Worker {
    constructor(...args: ConstructorParameters<typeof real.Worker>) {
      if (++made > 2) throw new Error("ERR_WORKER_INIT_FAILED: EAGAIN");
      super(...args);
    }
  }
  const getBuiltin = process.getBuiltinModule;
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
    name === "node:worker_threads" ? { ...real, Worker } : getBuiltin(name)) as typeof getBuiltin);
  const started = await startBackend("cpu", { cpu: { threads: 8 } });
  expect(started.description).toMatch(/3 threads/);
  started.dispose();
});
