import { checkOptions, fault, type KnownOptions } from "@cramkit/errors";
import { engine, type KernelConfig, registerBackend, setBackend } from "@tensorflow/tfjs-core";
import { replaceKernels } from "../replace-kernels.ts";
import { CudaBackend } from "./backend.ts";
import { compiled } from "./compiled.generated.ts";
import { type CardReport, chooseCard, startDriver, versionText } from "./driver/device.ts";
import { requireKernels } from "./driver/kernel-module.ts";
import { Stream } from "./driver/stream.ts";
import { cudaKernels } from "./kernels/cuda-kernels.ts";
import { cudaBackendName } from "./kernels/words.ts";
import {
  candidateOf,
  halvesOf,
  type ProductsCandidate,
  type ProductsName,
  productNames,
  requireProducts,
  startProducts,
} from "./products/choose-products.ts";
import type { ChosenProducts } from "./products/product.ts";

export interface CudaOptions {
  /**
   * "mixed" keeps what linear layers, attention, activations and norms leave for each other in bf16 (f16 before compute capability 8.0), and
   * multiplies it on the card's matrix units. Weights, sums, the residual stream, logits and state stay in float32.
   *
   * @defaultValue "float32"
   */
  precision?: "float32" | "mixed";
  /**
   * The number of the card to compute on, as the driver counts them.
   *
   * @defaultValue the first of compute capability 7.5 or newer
   */
  card?: number;
  /**
   * What multiplies. "mma": kernels of our own for every card. "wgmma": in mixed precision others for Hopper, with its matrix units and its copy
   * engine. "cublaslt": NVIDIA's library, where the machine has it, in both precisions. What these two do not take is left to "mma".
   * None has been measured on a GPU.
   *
   * @defaultValue "mma"
   */
  products?: ProductsName;
  /**
   * The file of cuBLASLt, for products "cublaslt".
   *
   * @defaultValue the first that is found: by the system's loader, in a CUDA toolkit, in the packages of a Python
   */
  productsLibrary?: string;
  /**
   * The driver's library: its file, or the name under which the system finds it.
   *
   * @defaultValue `libcuda.so.1`, on Windows `nvcuda.dll`
   */
  library?: string;
  /**
   * Bytes of free memory kept for reuse.
   *
   * @defaultValue as much as was ever in use at once, and at least 256 MiB
   */
  maxFreeBytes?: number;
  /**
   * Waits for each kernel, so that an error names the one that made it, and fills what it is to write with NaN. Slow.
   *
   * @defaultValue `false`
   */
  check?: boolean;
}

/** What a machine offers through CUDA, as plain data. */
export interface CudaReport {
  /** The driver's library. */
  library: string;
  /** The newest CUDA that the driver knows: "12.8". */
  cudaVersion: string;
  /** The card that would be used. */
  card: CardReport;
  cards: readonly CardReport[];
  /** What computes matrix products. */
  products: string;
}

/** A report, and what could be chosen, see `products` of the options. */
export interface CudaInspection extends CudaReport {
  candidates: readonly ProductsCandidate[];
  /** The name of the one that would be used. */
  used: ProductsName;
}

const known: KnownOptions<CudaOptions> = {
  precision: true,
  products: true,
  productsLibrary: true,
  card: true,
  library: true,
  maxFreeBytes: true,
  check: true,
};
/** Said wherever the backend is named, until a card has run it. */
export const neverRun = "never run on a GPU, only on an emulator";

const look = (options: CudaOptions) => {
  const { card: index, library, precision = "float32", products: name = "mma", productsLibrary } = options;
  requireKernels(compiled);
  const { driver, version, cards } = startDriver(library);
  const card = chooseCard(cards, index);
  if (precision !== "float32" && precision !== "mixed")
    throw fault({
      code: "invalid-argument",
      place: "startCuda",
      problem: `expected precision "float32" or "mixed", got "${precision}"`,
      remedy: "choose one of these",
      type: RangeError,
    });
  const machine = { driver, version, card, productsLibrary };
  const { detail } = requireProducts(name, machine);
  const products = precision === "mixed" || name === "cublaslt" ? detail : "float32, by kernels of our own";
  const cudaVersion = versionText(version);
  const report: CudaReport = { library: driver.file, cudaVersion, card, cards, products };
  return { driver, card, report, machine, name, start: (stream: Stream) => startProducts(name, machine, stream) };
};

/** Looks for a driver and cards, for `cramkit doctor`: starts nothing on them, leaves tfjs alone. */
export const inspectCuda = (options: CudaOptions = {}): CudaInspection => {
  checkOptions("inspectCuda", options, known);
  const { report, machine, name: used } = look(options);
  return { ...report, candidates: productNames.map((name) => candidateOf(name, machine)), used };
};

/** A started backend: what tfjs calls it, and how to end it. */
export interface StartedCuda {
  name: string;
  description: string;
  report: CudaReport;
  backend: CudaBackend;
  dispose(): void;
}

/**
 * Starts a card and makes it tfjs's current backend, `cramkit-cuda`. Throws one fault with the cause and the way out if there
 * is no driver, none that is new enough, no card, or none that is new enough.
 */
export const startCuda = async (
  options: CudaOptions = {},
  kernels: readonly KernelConfig[] = [],
): Promise<StartedCuda> => {
  checkOptions("startCuda", options, known);
  const { driver, card, report, name: products, start } = look(options);
  const { maxFreeBytes, check, precision } = options;
  const stream = new Stream(driver, card);
  let [backend, chosenProducts]: [CudaBackend?, ChosenProducts?] = [];
  try {
    chosenProducts = start(stream);
    backend = new CudaBackend({ stream, maxFreeBytes, check, precision, chosenProducts });
    backend.load(compiled);
  } catch (error) {
    chosenProducts?.dispose();
    stream.dispose();
    throw error;
  }
  if (engine().findBackendFactory(cudaBackendName)) engine().removeBackend(cudaBackendName);
  registerBackend(cudaBackendName, () => backend);
  replaceKernels(cudaBackendName, cudaKernels());
  replaceKernels(cudaBackendName, kernels);
  if (!(await setBackend(cudaBackendName))) throw new Error(`startCuda: tfjs refused the backend ${cudaBackendName}`);
  const { name, capability } = card;
  const by = products === "mma" || (products === "wgmma" && precision !== "mixed") ? "" : ` by ${products}`;
  const mixed = precision === "mixed" ? `, products in ${halvesOf(card)}${by}` : by && `, products${by}`;
  return {
    name: cudaBackendName,
    description: `${name}, compute capability ${(capability / 10).toFixed(1)}, CUDA ${report.cudaVersion}${mixed} (${neverRun})`,
    report,
    backend,
    dispose: () => {
      // Another start may have put its own in this one's place.
      if (engine().findBackend(cudaBackendName) === backend) engine().removeBackend(cudaBackendName);
      else backend.dispose();
    },
  };
};
