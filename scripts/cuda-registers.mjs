// Registers, shared memory and spills of every CUDA kernel, as NVIDIA's own assembler counts them: writes packages/backend/cuda/REGISTERS.md.
// `node scripts/cuda-registers.mjs [PTXAS]`. The assembler comes with CUDA's toolkit, or with `pip install nvidia-cuda-nvcc`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";

const target = "packages/backend/cuda/REGISTERS.md";

/** PTX of the kernels as they were compiled last, by package and target. */
export const compiledImages = (root) =>
  readdirSync(join(root, "packages"))
    .map((name) => join("packages", name, "src", "cuda"))
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(".generated.ts"))
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const { images } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
      return images.map(({ deflated }) => {
        const ptx = inflateRawSync(Buffer.from(deflated, "base64")).toString();
        return { package: file.split("/")[1], architecture: /^\.target (\w+)/m.exec(ptx)[1], ptx };
      });
    });

/** The names of the kernels in a text of PTX. */
export const kernelNames = (ptx) => [...ptx.matchAll(/^\.visible \.entry ([\w$]+)\(/gm)].map(([, name]) => name);

const assembled = (ptxas, { architecture, ptx }, folder) => {
  const file = join(folder, "kernels.ptx");
  writeFileSync(file, ptx);
  const args = ["-v", `-arch=${architecture}`, file, "-o", join(folder, "kernels.cubin")];
  const { status, stderr } = spawnSync(ptxas, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${ptxas} refuses the kernels for ${architecture}\n${stderr}`);
  return new Map(
    stderr
      .split(/Compiling entry function '/)
      .slice(1)
      .map((part) => {
        const number = (pattern) => Number(pattern.exec(part)?.[1] ?? 0);
        return [
          part.slice(0, part.indexOf("'")),
          {
            registers: number(/Used (\d+) registers/),
            shared: number(/(\d+) bytes smem/),
            stack: number(/(\d+) bytes stack frame/),
            spilled: number(/(\d+) bytes spill stores/) + number(/(\d+) bytes spill loads/),
          },
        ];
      }),
  );
};

const cell = (found) => {
  if (!found) return "";
  const { registers, stack, spilled } = found;
  return [registers, stack && `stack ${stack}`, spilled && `SPILLS ${spilled}`].filter(Boolean).join(", ");
};

const table = (ptxas, images) => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-registers-"));
  const rows = new Map();
  try {
    for (const image of images)
      for (const [name, found] of assembled(ptxas, image, folder)) {
        const key = `${image.package} ${name}`;
        rows.set(key, { ...rows.get(key), [image.architecture]: found });
      }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const architectures = [...new Set(images.map(({ architecture }) => architecture))].sort();
  const version = /V[\d.]+/.exec(spawnSync(ptxas, ["--version"], { encoding: "utf8" }).stdout)[0];
  const all = [...rows.values()].flatMap((row) => Object.values(row));
  const spilling = [...rows].filter(([, row]) => Object.values(row).some(({ spilled }) => spilled > 0));
  const many = [...rows].filter(([, row]) => Object.values(row).some(({ registers }) => registers > 128));
  const names = (list) => list.map(([key]) => `\`${key.split(" ")[1]}\``).join(", ") || "none";
  const lines = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, row]) => {
      const [from, name] = key.split(" ");
      const shared = Math.max(...Object.values(row).map((found) => found.shared));
      return `| ${from} | \`${name}\` | ${architectures.map((one) => cell(row[one])).join(" | ")} | ${shared || ""} |`;
    });
  return `# Registers of the CUDA kernels

\`node scripts/cuda-registers.mjs PTXAS\` wrote this table, with ptxas ${version}. A driver's own compiler may decide otherwise. Registers are of a
thread, of at most 255; shared memory is what the kernel declares itself, in bytes of a block; a stack is memory of a thread.

${rows.size} kernels, at most ${Math.max(...all.map(({ registers }) => registers))} registers. Spills: ${names(spilling)}. More than 128 registers: ${names(many)}.

| package | kernel | ${architectures.join(" | ")} | shared |
| --- | --- | ${architectures.map(() => "---").join(" | ")} | --- |
${lines.join("\n")}
`;
};

const main = () => {
  const ptxas = process.argv[2] ?? "ptxas";
  if (spawnSync(ptxas, ["--version"]).status !== 0)
    throw new Error(
      `cuda-registers: expected NVIDIA's assembler, got nothing at "${ptxas}"; pip install nvidia-cuda-nvcc brings one along: name its file, .../nvidia/cu13/bin/ptxas`,
    );
  const images = compiledImages(".");
  if (images.length === 0)
    throw new Error("cuda-registers: expected compiled kernels, got none; install clang, then pnpm generate");
  writeFileSync(target, table(ptxas, images));
  console.log(`${target}: written`);
};
if (process.argv[1]?.endsWith("cuda-registers.mjs")) main();
