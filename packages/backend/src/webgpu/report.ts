/// <reference types="@webgpu/types" />
import { adapterName, isSoftware } from "./adapter.ts";
import type { Capabilities, MatrixConfig, Tier } from "./capabilities.ts";
import type { GpuSource } from "./gpu.ts";

/** What a machine offers through WebGPU, as plain data for `cramkit doctor`. */
export interface WebgpuReport {
  adapter: string;
  vendor: string;
  architecture: string;
  driver: string;
  software: boolean;
  host: "browser" | "dawn";
  hostVersion: string | undefined;
  toggles: GpuSource["toggles"];
  features: string[];
  limits: Capabilities["limits"];
  subgroupSizes: [number, number];
  matrixConfigs: MatrixConfig[];
  matrixSpelling: Capabilities["matrixSpelling"];
  /** The tier in use, and the best one that this device has. */
  tier: Tier;
  bestTier: Tier;
  /** One line a thing that would make it faster, with how to get it. */
  advice: string[];
}

/** Puts together what {@link WebgpuReport} says. Pure, so that every piece of advice has a test. */
export const describeWebgpu = (
  source: Pick<GpuSource, "host" | "version" | "toggles">,
  info: Partial<GPUAdapterInfo>,
  features: Iterable<string>,
  configs: MatrixConfig[],
  capabilities: Capabilities,
  best: Tier,
): WebgpuReport => ({
  adapter: adapterName(info),
  vendor: info.vendor ?? "",
  architecture: info.architecture ?? "",
  // Dawn puts the driver's version into the description; there is no field of its own.
  driver: info.description ?? "",
  software: isSoftware(info),
  host: source.host,
  hostVersion: source.version,
  toggles: source.toggles,
  features: [...features].sort(),
  limits: capabilities.limits,
  subgroupSizes: [capabilities.subgroupMinSize, capabilities.subgroupMaxSize],
  matrixConfigs: configs,
  matrixSpelling: capabilities.matrixSpelling,
  tier: capabilities.tier,
  bestTier: best,
  advice: advise(source.host, info, configs, capabilities, best),
});

const advise = (
  host: "browser" | "dawn",
  info: Partial<GPUAdapterInfo>,
  configs: readonly MatrixConfig[],
  capabilities: Capabilities,
  best: Tier,
): string[] => {
  const advice: string[] = [];
  if (isSoftware(info))
    advice.push(
      "This adapter computes on the CPU: install the driver of your GPU, or use the CPU backend, which is faster.",
    );
  if (capabilities.tier !== best)
    advice.push(`Precision "mixed" would use the ${best} tier of this device; you are on ${capabilities.tier}.`);
  const nvidia = info.vendor === "nvidia";
  if (!capabilities.f16)
    advice.push(
      host === "browser"
        ? "No shader-f16: Chrome hides it on NVIDIA under Linux; start it with --enable-unsafe-webgpu " +
            "--enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia, or run under Node."
        : "No shader-f16: the Vulkan driver must offer shaderFloat16 and 16-bit storage; update it.",
    );
  else if (best !== "matrix") {
    if (configs.length > 0 && capabilities.matrix.length === 0)
      advice.push(
        "The adapter multiplies subgroup matrices, but none of f16 with float32 accumulation, which training needs.",
      );
    else if (host === "browser")
      advice.push(
        "No subgroup matrices: Chrome needs --enable-unsafe-webgpu to offer them; Node offers them without a flag.",
      );
    else if (nvidia)
      advice.push(
        "No subgroup matrices: they need VK_KHR_cooperative_matrix, in NVIDIA's drivers from about 550 on; update it.",
      );
    else
      advice.push(
        "No subgroup matrices: the driver lacks VK_KHR_cooperative_matrix (Mesa 25 or later has it on recent AMD and Intel).",
      );
  }
  if (capabilities.limits.maxComputeWorkgroupStorageSize < 32768)
    advice.push("Less than 32 KiB of workgroup memory: attention falls back to smaller tiles.");
  return advice;
};
