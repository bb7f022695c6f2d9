import { checkOptions, explain, fault, problemOf } from "@cramkit/errors";
import type { ProductsReport } from "./cpu/library/choose-products.ts";
import type { CpuOptions } from "./cpu/start.ts";
import type { CudaOptions } from "./cuda/index.ts";
import type { Kernel } from "./replace-kernels.ts";
import type { WebgpuOptions } from "./webgpu/index.ts";

export type BackendChoice = "cpu" | "webgpu" | "cuda" | "tensorflow" | "auto";

/** Kernels to register on a backend before it is used, or a function that loads them. */
export type Kernels = readonly Kernel[] | (() => Promise<readonly Kernel[]>);

export interface BackendOptions {
  /**
   * Kernels beside the backend's own, such as those of `@cramkit/ops/cpu` and `@cramkit/ops/webgpu`.
   *
   * @defaultValue the backend's own alone
   */
  kernels?: { cpu?: Kernels; webgpu?: Kernels; cuda?: Kernels };
  /**
   * Options of the `cpu` backend.
   *
   * @defaultValue `{}`
   */
  cpu?: CpuOptions;
  /**
   * Options of the `webgpu` backend.
   *
   * @defaultValue `{}`
   */
  webgpu?: WebgpuOptions;
  /**
   * Options of the `cuda` backend.
   *
   * @defaultValue `{}`
   */
  cuda?: CudaOptions;
}

/** One candidate and what came of it. */
export interface Finding {
  backend: Exclude<BackendChoice, "auto">;
  /** Started, or could not be, or was not tried because another one comes first. */
  state: "started" | "unavailable" | "not tried";
  /** What it is, or why not. */
  detail: string;
  /**
   * What to do about it, if it could not be started.
   *
   * @defaultValue absent if it could be started
   */
  remedy?: string;
}

export interface StartedBackend {
  /** What was started. */
  name: Exclude<BackendChoice, "auto">;
  /** The name under which tfjs knows it: `cramkit-cpu`, `webgpu`, `cramkit-cuda`, `tensorflow`. */
  tfjsName: string;
  /** One line for people. */
  description: string;
  /** The same without what computes matrix products. */
  device: string;
  /**
   * On `cpu`: whether it computes with relaxed SIMD.
   *
   * @defaultValue absent on other backends
   */
  relaxedSimd?: boolean;
  /** What was looked at, in the order of preference, and why this one was chosen. */
  findings: Finding[];
  /**
   * On `cpu`: what computes matrix products.
   *
   * @defaultValue absent on other backends
   */
  products?: ProductsReport;
  /** Ends threads or gives the device back. tfjs has no current backend afterwards. */
  dispose(): void;
}

type Started = Pick<StartedBackend, "tfjsName" | "description" | "device" | "relaxedSimd" | "products" | "dispose">;

const load = async (kernels: Kernels = []): Promise<readonly Kernel[]> =>
  typeof kernels === "function" ? kernels() : kernels;

const starters: Record<StartedBackend["name"], (options: BackendOptions) => Promise<Started>> = {
  webgpu: async ({ kernels, webgpu }) => {
    const { startWebgpu } = await import("./webgpu/index.ts");
    const { replaceKernels } = await import("./replace-kernels.ts");
    const loaded = await load(kernels?.webgpu); // before there is a device that a failure would leave open
    const started = await startWebgpu(webgpu);
    replaceKernels("webgpu", loaded);
    const { description } = started;
    return { tfjsName: started.name, description, device: description, dispose: () => started.dispose() };
  },
  cuda: async ({ kernels, cuda }) => {
    const { startCuda }: Partial<typeof import("./cuda/index.ts")> = await import("./cuda/index.ts");
    // A bundle for browsers has an empty module in its place, and so not half a megabyte of kernels.
    if (startCuda === undefined)
      throw fault({
        code: "unsupported",
        place: "startBackend",
        problem: 'expected a program that can open CUDA, got a page: no browser can, and "cuda" is not in its bundle',
        remedy: 'choose "webgpu" or "cpu"',
      });
    const started = await startCuda(cuda, await load(kernels?.cuda));
    const { description } = started;
    return { tfjsName: started.name, description, device: description, dispose: () => started.dispose() };
  },
  tensorflow: async () => {
    const { startTensorflow } = await import("./tensorflow.ts");
    return startTensorflow();
  },
  cpu: async ({ kernels, cpu }) => {
    const { cpuBackendName, startCpu } = await import("./cpu/start.ts");
    const started = await startCpu(cpu ?? {}, await load(kernels?.cpu));
    const { description, device, relaxedSimd, products, dispose } = started;
    return { tfjsName: cpuBackendName, description, device, relaxedSimd, products, dispose };
  },
};

/** `auto` takes the first of these that starts. */
const preference = ["webgpu", "tensorflow", "cpu"] as const;

/**
 * Starts a backend and makes it tfjs's current one. A named backend that cannot start throws, with the cause; `auto`
 * takes WebGPU, a tfjs-node that is installed, our CPU backend, in this order, and says in `findings` what it met.
 * A software WebGPU adapter is passed over, as it is slower than our CPU backend. `cuda` has to be asked for by name: no card has
 * run it yet.
 */
export const startBackend = async (choice: BackendChoice, options: BackendOptions = {}): Promise<StartedBackend> => {
  checkOptions("startBackend", options, { kernels: true, cpu: true, webgpu: true, cuda: true });
  if (choice !== "auto") {
    if (!Object.hasOwn(starters, choice)) {
      throw fault({
        code: "invalid-argument",
        place: "startBackend",
        problem: `expected "cpu", "webgpu", "cuda", "tensorflow" or "auto", got "${choice}"`,
        remedy: "choose one of these",
        type: RangeError,
      });
    }
    const started = await starters[choice](options);
    return { name: choice, ...started, findings: [{ backend: choice, state: "started", detail: started.description }] };
  }
  const findings: Finding[] = [];
  for (const [i, backend] of preference.entries()) {
    try {
      const started = await starters[backend](options);
      findings.push({ backend, state: "started", detail: started.description });
      for (const rest of preference.slice(i + 1)) {
        findings.push({ backend: rest, state: "not tried", detail: `${backend} comes first` });
      }
      return { name: backend, ...started, findings };
    } catch (error) {
      findings.push({ backend, state: "unavailable", detail: problemOf(error), remedy: explain(error).remedy });
    }
  }
  const list = findings
    .map(({ backend, detail, remedy }) => `${backend}: ${detail}${remedy ? `; ${remedy}` : ""}`)
    .join("\n");
  throw fault({
    code: "unsupported",
    place: "startBackend",
    problem: `expected one backend to start, got none\n${list}`,
  });
};
