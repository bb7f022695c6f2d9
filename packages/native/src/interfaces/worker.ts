// The thread that asynchronous calls run in. `generate` makes this the string that call-in-worker.ts starts, so that no
// bundler can lose it. It imports types alone.
import type { WorkerCall } from "./call-in-worker.ts";
import type { NodeFfi } from "./node-ffi.ts";

const { parentPort } = process.getBuiltinModule("node:worker_threads");
const ffi = (process.getBuiltinModule as (id: string) => unknown)("node:ffi") as NodeFfi;
const functions = new Map<string, ReturnType<InstanceType<NodeFfi["DynamicLibrary"]>["getFunction"]>>();

parentPort!.on("message", ({ id, path, name, signature, args }: WorkerCall & { readonly id: number }) => {
  try {
    const key = JSON.stringify([path, name, signature]);
    let call = functions.get(key);
    if (!call) {
      call = new ffi.DynamicLibrary(path).getFunction(name, signature);
      functions.set(key, call);
    }
    parentPort!.postMessage({ id, value: call(...args) });
  } catch (error) {
    parentPort!.postMessage({ id, error });
  }
});
