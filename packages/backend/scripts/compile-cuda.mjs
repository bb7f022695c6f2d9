#!/usr/bin/env node
// cramkit-cuda ENTRY TARGET [hopper]: compiles CUDA C++ with clang into a TypeScript file that holds PTX for each generation of cards,
// compressed, and the arguments of each kernel as the compiler has them. Nothing of NVIDIA's is needed. Without a clang that
// can, the file holds no kernels and says why: the package works, its CUDA part does not. With "hopper" the PTX is for compute
// capability 9.0 alone, and may have that card's own instructions (sm_90a).
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";

/** Compute capabilities by ten: Turing, and Ampere with what is newer; or Hopper. A driver compiles PTX for the card that it finds. */
const [entry, target, kind] = process.argv.slice(2);
if (!entry || !target || (kind && kind !== "hopper"))
  throw new Error("cramkit-cuda: expected ENTRY.cu TARGET.ts, or ENTRY.cu TARGET.ts hopper");
const generations = kind ? [90] : [75, 80];
/** PTX 7.0: CUDA 11.0, drivers from 450 on. */
const version = "ptx70";
const ours = join(dirname(fileURLToPath(import.meta.url)), "..", "cuda");
const compilers = process.env.CRAMKIT_CLANG
  ? [process.env.CRAMKIT_CLANG]
  : ["clang++", ...Array.from({ length: 12 }, (_, i) => `clang++-${25 - i}`)];
const compiler = compilers.find((name) => spawnSync(name, ["--version"]).status === 0);
const folder = await mkdtemp(join(tmpdir(), "cramkit-cuda-"));
let images = [];
let problem = compiler ? undefined : "no clang was found when this package was built";
try {
  for (const generation of compiler ? generations : []) {
    const file = join(folder, "kernels.ptx");
    const { status, stderr } = spawnSync(
      compiler,
      [
        ...[
          "-x",
          "cuda",
          `--cuda-gpu-arch=sm_${kind ? 80 : generation}`,
          "--cuda-device-only",
          "-nocudainc",
          "-nocudalib",
        ],
        ...["-std=c++17", "-O3", "-S", "-Xclang", "-target-feature", "-Xclang", `+${version}`],
        ...["-Wall", "-Wno-unknown-cuda-version", "-Wno-unknown-pragmas", "-Wno-unused-command-line-argument"],
        ...[
          "-I",
          join(ours, "gpu"),
          "-I",
          join(ours, "kernels"),
          "-I",
          dirname(resolve(entry)),
          resolve(entry),
          "-o",
          file,
        ],
      ],
      { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } },
    );
    // A clang that was built without NVIDIA's target, or is too old, cannot; a fault of ours must end the build.
    if (status !== 0 && /unknown target|No available targets|unsupported CUDA gpu architecture/.test(stderr)) {
      problem = `the clang that this package was built with has no target for NVIDIA's cards (${compiler})`;
      break;
    }
    if (status !== 0) throw new Error(`${entry}: ${compiler} failed\n${stderr}`);
    if (stderr.trim()) console.warn(stderr.trim());
    const ptx = await readFile(file, "utf8");
    images.push({ generation, ptx: kind ? forHopper(ptx) : ptx });
  }
} finally {
  await rm(folder, { recursive: true });
}
if (problem) {
  images = [];
  console.warn(
    `\n######## cramkit-cuda: ${problem}: the CUDA backend is LEFT OUT (Debian: apt-get install clang) ########\n`,
  );
}
// Where the text is the same, the older generation's is good for the newer one.
const body = ({ ptx }) => ptx.replace(/^\.target .*$/m, "");
images = images.filter((image, i) => i === 0 || body(image) !== body(images[i - 1]));
const kernels = images.length > 0 ? kernelsOf(images[0].ptx) : {};
const text = {
  name: basename(target, ".generated.ts"),
  ...(problem ? { problem } : {}),
  kernels,
  images: images.map(({ generation, ptx }) => ({
    generation,
    deflated: deflateRawSync(ptx, { level: 9 }).toString("base64"),
  })),
};
await writeFile(target, `export const compiled = ${JSON.stringify(text, null, 1)};\n`);
const sizes = text.images.map(
  ({ generation, deflated }) => `sm_${generation} ${Math.round(deflated.length / 1365)} KB`,
);
console.log(`${target}: ${Object.keys(kernels).length} kernels, ${sizes.join(", ") || "none"}`);

/** A clang may know nothing of Hopper: it passes instructions on as they are written. PTX 8.3: CUDA 12.3, drivers from 545 on. */
function forHopper(ptx) {
  return ptx.replace(/^\.version .*$/m, ".version 8.3").replace(/^\.target .*$/m, ".target sm_90a");
}

/** Each kernel's arguments: p a pointer, i 32 bits, f a float32, sN a struct of N bytes. */
function kernelsOf(ptx) {
  const found = {};
  for (const [, name, parameters] of ptx.matchAll(/\.entry ([\w$]+)\(\s*([^)]*)\)/g)) {
    found[name] = [...parameters.matchAll(/\.param (?:\.align \d+ )?\.(\w+) \w+(?:\[(\d+)\])?/g)]
      .map(([, type, bytes]) => {
        if (bytes) return `s${bytes}`;
        const kind = { u64: "p", u32: "i", f32: "f" }[type];
        if (!kind)
          throw new Error(`${entry}: expected arguments of 32 bits, pointers or structs, got ${type} in ${name}`);
        return kind;
      })
      .join(" ");
  }
  return found;
}
