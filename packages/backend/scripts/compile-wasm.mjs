// node compile-wasm.mjs ENTRY TARGET: compiles AssemblyScript twice, with plain and with relaxed SIMD, into a TypeScript
// file that holds both as base64. The modules import their memory, which threads share.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import asc from "assemblyscript/asc";

const [entry, target] = process.argv.slice(2);
const builds = {};
const folder = await mkdtemp(join(tmpdir(), "cramkit-wasm-"));
for (const [name, features] of Object.entries({ plain: [], relaxed: ["--enable", "relaxed-simd"] })) {
  const file = join(folder, `${name}.wasm`);
  const flags = ["--runtime", "stub", "-O3", "--noAssert", "--importMemory", "--sharedMemory"];
  const limits = ["--initialMemory", "16", "--maximumMemory", "65536", "--memoryBase", "4096"];
  const { error, stderr } = await asc.main([
    relative(process.cwd(), resolve(entry)),
    ...flags,
    ...limits,
    ...["--enable", "simd", "--enable", "threads", ...features],
    ...["--outFile", relative(process.cwd(), file)],
  ]);
  if (error) throw new Error(`${entry}: ${stderr.toString()}`);
  builds[name] = (await readFile(file)).toString("base64");
}
await rm(folder, { recursive: true });
const lines = Object.entries(builds).map(([name, base64]) => `  ${name}:\n    "${base64}",`);
await writeFile(target, `export const wasm = {\n${lines.join("\n")}\n};\n`);
console.log(
  `${target}: ${Object.values(builds)
    .map((base64) => `${Math.round(base64.length / 1365)} KB`)
    .join(" plain, ")} relaxed`,
);
