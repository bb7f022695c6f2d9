import { checkOptions, fault, type KnownOptions } from "@cramkit/errors";
import {
  env,
  findBackend,
  findBackendFactory,
  registerBackend,
  removeBackend,
  setBackend,
} from "@tensorflow/tfjs-core";
import { type AdapterOptions, chooseAdapter } from "./adapter.ts";
import { CramkitWebgpuBackend } from "./backend.ts";
import {
  bestTier,
  type Capabilities,
  matrixConfigs,
  type Precision,
  readCapabilities,
  requireTier,
  type Tier,
} from "./capabilities.ts";
import { openDevice } from "./device.ts";
import { exposeGpu, findGpu, type GpuOptions } from "./gpu.ts";
import { describeWebgpu, type WebgpuReport } from "./report.ts";
import { probeSpelling } from "./spelling.ts";

export interface WebgpuOptions extends GpuOptions, AdapterOptions {
  /**
   * `mixed`: f16 operands with float32 accumulation, on matrix units if the device has them.
   *
   * @defaultValue `"float32"`
   */
  precision?: Precision;
  /**
   * The tier of kernels to use.
   *
   * @defaultValue the best one of the device
   */
  tier?: Tier;
  /**
   * Kernel family -> variant name, to force one; `cramkit doctor` lists what is chosen.
   *
   * @defaultValue the best one of each family for the device
   */
  variants?: Readonly<Record<string, string>>;
  /**
   * Bytes of released buffers that are kept for reuse.
   *
   * @defaultValue as much as was ever in use at once, and at least 256 MiB
   */
  maxFreeBytes?: number;
  /**
   * Dispatches that are recorded before a submit.
   *
   * @defaultValue `32`
   */
  submitEvery?: number;
}

export interface StartedWebgpu {
  name: "webgpu";
  /** One line: adapter and tier. */
  description: string;
  report: WebgpuReport;
  backend: CramkitWebgpuBackend;
  /** Frees the device. The process can end afterwards. */
  dispose(): void;
}

/** Opens an adapter with everything that it has, and reads what it can do. */
const openAdapter = async (options: WebgpuOptions) => {
  const { precision = "float32", variants = {} } = options;
  const named = options.adapterName ?? (typeof process === "undefined" ? undefined : process.env?.CRAMKIT_GPU);
  const source = await findGpu({ ...options, adapterName: named || undefined });
  const adapter = await chooseAdapter(source, options);
  const opened = await openDevice(adapter);
  // Not `device.adapterInfo`: Dawn lists the matrix configurations only here.
  const { info } = adapter;
  const configs = matrixConfigs(info);
  const spelling = await probeSpelling(opened.device, configs, info.subgroupMaxSize ?? 128);
  const found: Capabilities = { ...readCapabilities(opened.device, info, precision, spelling), variants };
  const best = bestTier("mixed", found);
  const reportFor = (capabilities: Capabilities) =>
    describeWebgpu(source, info, opened.device.features, configs, capabilities, best);
  return { source, opened, info, found, best, reportFor };
};

const webgpuOptions: KnownOptions<WebgpuOptions> = {
  precision: true,
  tier: true,
  variants: true,
  maxFreeBytes: true,
  submitEvery: true,
  toggles: true,
  adapterName: true,
  gpu: true,
  powerPreference: true,
  allowSoftware: true,
};

/** What a machine offers through WebGPU, for `cramkit doctor`: looks at a software adapter as well, leaves tfjs alone. */
export const inspectWebgpu = async (options: WebgpuOptions = {}): Promise<WebgpuReport> => {
  checkOptions("inspectWebgpu", options, webgpuOptions);
  const { opened, found, reportFor } = await openAdapter({ precision: "mixed", allowSoftware: true, ...options });
  const report = reportFor(found);
  opened.device.destroy();
  return report;
};

/**
 * Opens a GPU and makes it tfjs's current backend, `webgpu`. Kernels of `@cramkit/ops/webgpu` are for the caller to register.
 * Throws one error with the cause and the way out if there is no adapter, or if it lacks what `precision` needs.
 */
export const startWebgpu = async (options: WebgpuOptions = {}): Promise<StartedWebgpu> => {
  checkOptions("startWebgpu", options, webgpuOptions);
  const { precision = "float32", submitEvery = 32 } = options;
  const { source, opened, info, found, best, reportFor } = await openAdapter(options);
  let tier: Tier;
  try {
    tier = requireTier(options.tier ?? found.tier, precision, best);
  } catch (error) {
    opened.device.destroy();
    throw error;
  }
  const capabilities: Capabilities = { ...found, tier };
  const hide = exposeGpu(source.gpu);
  env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", submitEvery);
  env().set("WEBGPU_CPU_FORWARD", false);
  const backend = new CramkitWebgpuBackend(opened, info, capabilities, { maxFreeBytes: options.maxFreeBytes });
  if (findBackendFactory("webgpu")) removeBackend("webgpu");
  registerBackend("webgpu", () => backend);
  if (!(await setBackend("webgpu")))
    throw fault({
      code: "version-mismatch",
      place: "startWebgpu",
      problem: "expected tfjs to accept the backend, got a refusal",
      remedy: "install tfjs-core 4.22",
    });
  const report = reportFor(capabilities);
  return {
    name: "webgpu",
    description: `${report.adapter}, ${tier} kernels`,
    report,
    backend,
    dispose() {
      // Another start may have put its own in this one's place.
      if (findBackend("webgpu") === (backend as unknown)) removeBackend("webgpu");
      hide();
    },
  };
};
