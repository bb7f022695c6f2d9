import { constants } from "node:os";
import type { Native } from "@cramkit/native";

/**
 * Starts an MPI library so that it leaves to Node what is Node's: the process's memory functions, and its answer to a fault.
 *
 * UCX, on which MPICH and others stand, rewrites `mmap`, `munmap`, `brk` and `sbrk` in the process when it is loaded, so as
 * to know when memory that it registered with a network card goes away. It asks for a process without threads for that,
 * and tries them out: it moves the end of the heap up by a page, and back, whether or not the first succeeded. In some
 * starts of Node V8's code lies right behind the heap, which then cannot grow: UCX takes the last page of the heap away, and
 * the process dies at the next look at what was there. (`ucm_fire_mmap_events_internal` in UCX 1.13, and in its main branch of August 2026.)
 *
 * V8 makes an error of a WebAssembly access out of bounds by answering to the fault that it is; UCX's own answer ends the process.
 */
export const leaveProcessAlone = <T>(native: Native, start: () => T): T => {
  process.env.UCX_MEM_EVENTS ??= "n";
  if (process.platform === "win32") return start(); // there are no such signals, and no UCX
  // UCX has a function of this name too, which does nothing; the process's own comes first.
  const sigaction = native.open(null).func("sigaction", ["i32", "i32", "pointer", "pointer"]);
  const answers = [constants.signals.SIGSEGV, constants.signals.SIGBUS].map((signal) => {
    const answer = new Uint8Array(sigactionBytes);
    sigaction(signal, null, answer);
    return { signal, answer };
  });
  try {
    return start();
  } finally {
    for (const { signal, answer } of answers) sigaction(signal, answer, null);
  }
};

/** More than any system's `struct sigaction` has: 152 on Linux, 16 on macOS. */
const sigactionBytes = 512;
