#!/usr/bin/env node
// cramkit-wasm ENTRY TARGET: compiles AssemblyScript twice, with plain and with relaxed SIMD, into a TypeScript file that
// holds both as base64, beside the number of the call layout that they were compiled for. The modules import their
// memory, which threads share.
// cramkit-wasm --own-memory ENTRY TARGET: compiles it once, with plain SIMD and a memory of its own, which it exports.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import asc from "assemblyscript/asc";

const isAlone = process.argv[2] === "--own-memory";
const [entry, target] = process.argv.slice(isAlone ? 3 : 2);
const layout = await layoutNumber();
const sharedMemory = ["--importMemory", "--sharedMemory", "--maximumMemory", "65536", "--enable", "threads"];
const features = isAlone
  ? { code: [] }
  : { plain: sharedMemory, relaxed: [...sharedMemory, "--enable", "relaxed-simd"] };
const builds = {};
const folder = await mkdtemp(join(tmpdir(), "cramkit-wasm-"));
try {
  for (const [name, flags] of Object.entries(features)) {
    const file = join(folder, `${name}.wasm`);
    const { error, stderr } = await asc.main([
      relative(process.cwd(), resolve(entry)),
      ...[
        "--runtime",
        "stub",
        "-O3",
        "--noAssert",
        "--initialMemory",
        "16",
        "--memoryBase",
        "4096",
        "--enable",
        "simd",
      ],
      ...flags,
      ...["--outFile", relative(process.cwd(), file)],
    ]);
    if (error) throw new Error(`${entry}: ${stderr.toString()}`);
    const code = await readFile(file);
    // Modules share one memory: static data of two would lie at the same addresses.
    if (hasData(code)) throw new Error(`${entry}: expected no static data (strings, static arrays), got some`);
    builds[name] = code.toString("base64");
  }
} finally {
  await rm(folder, { recursive: true });
}
const lines = Object.entries(builds).map(([name, base64]) => `  ${name}:\n    "${base64}",`);
if (!isAlone) lines.unshift(`  layout: ${layout},`);
await writeFile(target, `export const wasm = {\n${lines.join("\n")}\n};\n`);
const sizes = Object.entries(builds).map(([name, base64]) => `${Math.ceil((base64.length * 3) / 4096)} KB ${name}`);
console.log(`${target}: ${sizes.join(", ")}${isAlone ? "" : `, layout ${layout}`}`);

/** From the file that the compiled sources import: what is compiled and what is written down cannot differ. */
async function layoutNumber() {
  const source = await readFile(new URL("../src/layout.ts", import.meta.url), "utf8");
  const [, number] = source.match(/^export const LAYOUT = (\d+);$/m) ?? [];
  if (number === undefined) throw new Error("cramkit-wasm: expected src/layout.ts to state LAYOUT");
  return number;
}

/** Whether a module has a data section: id 11 in the list of sections, each an id, its length in LEB128, its bytes. */
function hasData(code) {
  for (let at = 8; at < code.length; ) {
    const id = code[at++];
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = code[at++];
      length += (byte & 127) * 2 ** shift;
      more = byte > 127;
    }
    if (id === 11 && length > 1) return true;
    at += length;
  }
  return false;
}
