import { expect, it } from "vitest";
import { readLibraryHeader } from "./index.ts";
import { parseLibraryHeader } from "./library-header.ts";

const bytes = (length: number, parts: Record<number, number[]>): DataView => {
  const array = new Uint8Array(length);
  for (const [at, values] of Object.entries(parts)) array.set(values, Number(at));
  return new DataView(array.buffer);
};

it("knows this process's own file", () => {
  expect(readLibraryHeader(process.execPath).architectures).toContain(process.arch);
});

it.each([
  ["ELF, little", bytes(64, { 0: [0x7f, 0x45, 0x4c, 0x46, 2, 1], 18: [62, 0] }), "elf", ["x64"]],
  ["ELF, big", bytes(64, { 0: [0x7f, 0x45, 0x4c, 0x46, 2, 2], 18: [0, 22] }), "elf", ["s390x"]],
  ["ELF of an unknown machine", bytes(64, { 0: [0x7f, 0x45, 0x4c, 0x46, 2, 1], 18: [1, 2] }), "elf", ["machine 513"]],
  ["ELF, cut", bytes(10, { 0: [0x7f, 0x45, 0x4c, 0x46, 2, 1] }), "unknown", []],
  ["Mach-O", bytes(64, { 0: [0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1] }), "mach-o", ["arm64"]],
  [
    "Mach-O for two",
    bytes(64, { 0: [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2, 1, 0, 0, 7], 28: [1, 0, 0, 0x0c] }),
    "mach-o",
    ["x64", "arm64"],
  ],
  ["Java", bytes(64, { 0: [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52] }), "unknown", []],
  ["PE", bytes(256, { 0: [0x4d, 0x5a], 60: [128], 128: [0x50, 0x45, 0, 0, 0x64, 0x86] }), "pe", ["x64"]],
  ["PE, cut", bytes(100, { 0: [0x4d, 0x5a], 60: [128] }), "unknown", []],
  ["text", bytes(3, { 0: [71, 82, 10] }), "text", []],
  ["nothing", bytes(0, {}), "unknown", []],
])("%s", (_, view, format, architectures) => {
  expect(parseLibraryHeader(view)).toEqual({ format, architectures });
});
