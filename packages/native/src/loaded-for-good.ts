import type { ForeignInterface } from "./interfaces/foreign-interface.ts";

/**
 * Asks the loader of the system to keep a library until the process ends. A library with threads of its own (OpenBLAS,
 * MPI) that is closed while they run takes the process with it, and both interfaces may close one at exit. `global`
 * offers its symbols to libraries that are loaded later, as the plug-ins of Open MPI want it. An error is not told here:
 * whoever opens the library next gets it.
 */
export const loadForGood = (ffi: ForeignInterface, path: string, global: boolean): void => {
  if (process.platform === "win32") return;
  const isMac = process.platform === "darwin";
  const [now, forGood, everywhere] = isMac ? [0x2, 0x80, 0x8] : [0x2, 0x1000, 0x100];
  const name = new TextEncoder().encode(`${path}\0`);
  const open = ffi.open(null).func("dlopen", ["pointer", "pointer", "i32"]);
  open(ffi.addressOf(name), now | forGood | (global ? everywhere : 0));
};
