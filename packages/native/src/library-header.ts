/** What the first bytes of a shared library say. `architectures` are spelled as in `process.arch`. */
export type LibraryHeader =
  | { format: "elf" | "mach-o" | "pe"; architectures: string[] }
  /** A script that the linker reads at build time, as `libX.so` of many a development package. */
  | { format: "text"; architectures: [] }
  | { format: "unknown"; architectures: [] };

const elfMachines: Record<number, string> = {
  3: "ia32",
  8: "mips",
  21: "ppc64",
  22: "s390x",
  40: "arm",
  62: "x64",
  183: "arm64",
  243: "riscv64",
  258: "loong64",
};
const machCpus: Record<number, string> = { 7: "ia32", 16777223: "x64", 12: "arm", 16777228: "arm64" };
const peMachines: Record<number, string> = { 332: "ia32", 34404: "x64", 43620: "arm64" };

/** Reads the header of a shared library: formats of Linux and BSD (ELF), macOS (Mach-O, thin or fat), Windows (PE). */
export const readLibraryHeader = (file: string): LibraryHeader => {
  const { closeSync, openSync, readSync } = process.getBuiltinModule("node:fs");
  const bytes = new DataView(new ArrayBuffer(4096));
  const handle = openSync(file, "r");
  let length: number;
  try {
    length = readSync(handle, bytes, 0, bytes.byteLength, 0);
  } finally {
    closeSync(handle);
  }
  return parseLibraryHeader(new DataView(bytes.buffer, 0, length));
};

/** The same of bytes that lie in memory: the first 4,096 of a file, or all of a shorter one. */
export const parseLibraryHeader = (bytes: DataView): LibraryHeader => {
  const named = (names: Record<number, string>, machine: number): string[] => [names[machine] ?? `machine ${machine}`];
  if (bytes.byteLength >= 20 && bytes.getUint32(0) === 0x7f454c46) {
    const little = bytes.getUint8(5) === 1;
    return { format: "elf", architectures: named(elfMachines, bytes.getUint16(18, little)) };
  }
  if (bytes.byteLength >= 8) {
    const magic = bytes.getUint32(0);
    if (magic === 0xcffaedfe || magic === 0xcefaedfe)
      return { format: "mach-o", architectures: named(machCpus, bytes.getUint32(4, true)) };
    const count = magic === 0xcafebabe ? bytes.getUint32(4) : 0;
    if (count > 0 && count < 20 && bytes.byteLength >= 8 + 20 * count) {
      const cpus = Array.from({ length: count }, (_, index) => bytes.getUint32(8 + 20 * index));
      return { format: "mach-o", architectures: cpus.flatMap((cpu) => named(machCpus, cpu)) };
    }
  }
  if (bytes.byteLength >= 64 && bytes.getUint16(0) === 0x4d5a) {
    const at = bytes.getUint32(60, true);
    if (at + 6 <= bytes.byteLength && bytes.getUint32(at) === 0x50450000)
      return { format: "pe", architectures: named(peMachines, bytes.getUint16(at + 4, true)) };
  }
  const isText =
    bytes.byteLength > 0 && [...new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)].every(isPrintable);
  return { format: isText ? "text" : "unknown", architectures: [] };
};

const isPrintable = (byte: number): boolean => byte >= 32 || byte === 9 || byte === 10 || byte === 13;
