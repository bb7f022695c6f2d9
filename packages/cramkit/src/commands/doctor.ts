import { cpus, totalmem } from "node:os";
import type { CudaInspection } from "@cramkit/backend/cuda";
import type { WebgpuReport } from "@cramkit/backend/webgpu";
import { explain } from "@cramkit/errors";
import { type Compute, startCompute } from "@cramkit/recipes";
import { Command } from "commander";
import { print } from "../terminal/output.ts";

interface Finding {
  readonly name: string;
  readonly available: boolean;
  readonly detail: string;
  /** How to get it, if it is not available. */
  readonly remedy?: string;
  /** Whether the CPU backend has relaxed SIMD. */
  readonly relaxedSimd?: boolean;
  readonly webgpu?: WebgpuReport;
  readonly cuda?: CudaInspection;
  readonly products?: Compute["products"];
}

export const doctorCommand = (): Command =>
  new Command("doctor")
    .description("show what this machine offers, what is missing, and how to get it")
    .option("--json", "print one JSON object")
    .action(async ({ json }: { json?: boolean }) => {
      const machine = {
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        processor: cpus()[0]?.model.trim() ?? "unknown",
        cores: cpus().length,
        memoryGB: Math.round(totalmem() / 1e9),
      };
      const backends = [await inspectGpu(), await inspectNvidia(), await inspect("tensorflow"), await inspect("cpu")];
      if (json) return print(JSON.stringify({ machine, backends }, null, 2));
      const { node, platform, cores, processor, memoryGB } = machine;
      print(`Node ${node} on ${platform}, ${cores} x ${processor}, ${memoryGB} GB`);
      for (const { name, available, detail, remedy, relaxedSimd, webgpu, cuda, products } of backends) {
        print(`${available ? "+" : "-"} ${name}: ${detail}`);
        if (remedy) print(`    to get it: ${remedy}`);
        if (webgpu) print(gpuLines(webgpu).join("\n"));
        if (cuda) print(cudaLines(cuda).join("\n"));
        if (products) print(productsLines(products).join("\n"));
        if (relaxedSimd === false) print("    faster: Node 22 or newer, which has relaxed SIMD");
      }
    });

/** What computes matrix products, or why no library does and the command that installs one. */
const productsLines = ({ library, remark, remedy }: NonNullable<Compute["products"]>): string[] => {
  if (library) {
    const { name, version, kernel, file, bf16 } = library;
    const mixed = bf16 ? "precision mixed in bf16" : "no bf16, so no precision mixed";
    return [`    matrix products: ${name} ${version} (${kernel}) from ${file}; ${mixed}`];
  }
  return [`    matrix ${remark}`, ...(remedy ? [`    three times as fast: ${remedy}`] : [])];
};

/** A backend that does not start: why, and what to do. The place would only name a function. */
const missing = (name: string, error: unknown): Finding => {
  const { problem, remedy } = explain(error);
  return { name, available: false, detail: problem, remedy };
};

const inspect = async (name: "tensorflow" | "cpu"): Promise<Finding> => {
  try {
    const compute = await startCompute({ name, precision: "float32", threads: null, products: "auto" });
    compute.dispose();
    const { device, relaxedSimd, products } = compute;
    return { name, available: true, detail: device, relaxedSimd, products };
  } catch (error) {
    return missing(name, error);
  }
};

const inspectGpu = async (): Promise<Finding> => {
  try {
    // Loaded here: no other command waits for the WebGPU backend of tfjs.
    const { inspectWebgpu } = await import("@cramkit/backend/webgpu");
    const webgpu = await inspectWebgpu({ allowSoftware: true });
    return { name: "webgpu", available: true, detail: webgpu.adapter, webgpu };
  } catch (error) {
    return missing("webgpu", error);
  }
};

const inspectNvidia = async (): Promise<Finding> => {
  try {
    const { inspectCuda } = await import("@cramkit/backend/cuda");
    const cuda = inspectCuda();
    return {
      name: "cuda",
      available: true,
      detail: `${cuda.card.name} (never run on a GPU, only on an emulator)`,
      cuda,
    };
  } catch (error) {
    return missing("cuda", error);
  }
};

const cudaLines = ({ library, cudaVersion, card, cards, candidates, used }: CudaInspection): string[] => [
  `    driver: ${library}, CUDA ${cudaVersion}`,
  ...cards.map(
    ({ index, name, capability, multiprocessors, memoryBytes }) =>
      `    card ${index}: ${name}, compute capability ${(capability / 10).toFixed(1)}, ${multiprocessors} multiprocessors, ${Math.round(memoryBytes / 1e9)} GB${index === card.index ? "" : " (not used)"}`,
  ),
  ...candidates.map(
    ({ name, available, detail, remedy }) =>
      `    matrix products "${name}"${name === used ? " (used)" : ""}: ${available ? "" : "not there: "}${detail}${remedy ? `; ${remedy}` : ""}`,
  ),
];

const gpuLines = ({
  driver,
  features,
  limits,
  subgroupSizes,
  matrixConfigs,
  bestTier,
  advice,
}: WebgpuReport): string[] => [
  `    driver: ${driver}`,
  `    features: ${features.join(", ")}`,
  `    limits: ${Object.entries(limits)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")}`,
  `    subgroups of ${subgroupSizes.join(" to ")}; matrix units: ${matrixConfigs.map(({ m, n, k, component, result }) => `${m}x${n}x${k} ${component} to ${result}`).join(", ") || "none"}`,
  `    fastest kernels here: ${bestTier}`,
  ...advice.map((line) => `    faster: ${line}`),
];
