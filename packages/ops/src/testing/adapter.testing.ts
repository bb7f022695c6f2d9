import { type StartedWebgpu, startWebgpu } from "@cramkit/backend/webgpu";
import { registerGradients } from "../gradients/register-gradients.ts";
import { registerKernels } from "../kernels.ts";
import type { Capabilities } from "../webgpu/host.ts";
import { webgpuKernels } from "../webgpu-kernels.ts";
import { emulatedSubgroup, withEmulatedMatrices } from "./emulated-matrices.testing.ts";

type Tier = Capabilities["tier"];

/** A started WebGPU backend, of which the tests read the report and the counters. */
export type TestBackend = StartedWebgpu;

interface TestOptions {
  tier?: Tier;
  variants?: Record<string, string>;
  matrixSpelling?: "old";
  /** As many as a phone has, unless said: the more a kernel binds the longer a software adapter compiles it. */
  storageBuffers?: number;
  /** Computes the tier of matrices on emulated units of this shape. */
  emulatedUnit?: { m: number; n: number; k: number };
}

let registered = false;
let software = false;

/** Whether {@link testableTiers} found a software adapter, which compiles a large kernel for up to a minute. */
export const isSoftwareAdapter = (): boolean => software;

/** Starts WebGPU with our kernels. */
export const startTestBackend = async (options: TestOptions = {}): Promise<TestBackend> => {
  const { variants = {}, matrixSpelling, emulatedUnit, storageBuffers = 8 } = options;
  const tier = emulatedUnit ? "float16" : (options.tier ?? "float32");
  const precision = tier === "float32" ? "float32" : "mixed";
  const started = await startWebgpu({ allowSoftware: true, precision, tier, variants });
  if (started.report.software)
    Object.assign(started.backend.capabilities.limits, { maxStorageBuffersPerShaderStage: storageBuffers });
  if (emulatedUnit) {
    const { backend } = started;
    const sizes = { subgroupMinSize: emulatedSubgroup, subgroupMaxSize: emulatedSubgroup };
    Object.assign(backend.capabilities, { tier: "matrix", matrix: [emulatedUnit], matrixSpelling: "new", ...sizes });
    const dispatch = backend.dispatch.bind(backend);
    backend.dispatch = (program, ...rest) => dispatch(withEmulatedMatrices(program), ...rest);
  }
  if (matrixSpelling) Object.assign(started.backend.capabilities, { matrixSpelling });
  if (!registered) {
    registerGradients();
    registerKernels(webgpuKernels);
    registered = true;
  }
  return started;
};

/** The tiers that can be tested here. Says loudly what cannot; throws if `CRAMKIT_REQUIRE_GPU` is set and nothing can. */
export const testableTiers = async (): Promise<Tier[]> => {
  const order: Tier[] = ["float32", "float16", "matrix"];
  let tiers: Tier[] = [];
  try {
    const { description, report, dispose } = await startTestBackend();
    dispose();
    software = report.software;
    tiers = order.slice(0, order.indexOf(report.bestTier) + 1);
    console.info(`WebGPU kernels are tested on ${description.split(",")[0]}, tiers ${tiers.join(", ")}`);
  } catch (error) {
    if (process.env.CRAMKIT_REQUIRE_GPU) throw error;
    console.warn(`WebGPU: ${(error as Error).message}`);
  }
  const missing = order.filter((tier) => !tiers.includes(tier));
  if (missing.length > 0) console.warn(`\n######## WebGPU kernels NOT TESTED in tier ${missing.join(", ")} ########\n`);
  return tiers;
};
