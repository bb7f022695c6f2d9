import { explain, fault } from "@cramkit/errors";
import { isNativeFault } from "@cramkit/native";
import type { CardReport } from "../driver/device.ts";
import type { Driver } from "../driver/driver.ts";
import type { Stream } from "../driver/stream.ts";
import { cublasLtProducts } from "./cublaslt.ts";
import { findCublasLt } from "./find-cublaslt.ts";
import type { ChosenProducts } from "./product.ts";
import { wgmmaProblem, wgmmaProducts } from "./wgmma.ts";

/** Names of what multiplies, see `products` of the options. */
export const productNames = ["mma", "wgmma", "cublaslt"] as const;
export type ProductsName = (typeof productNames)[number];

/** One of them on this machine. */
export interface ProductsCandidate {
  name: ProductsName;
  available: boolean;
  /** What it is, or why it is not to be had. */
  detail: string;
  /**
   * How to get it.
   *
   * @defaultValue absent if it is there, or if there is no way
   */
  remedy?: string;
}

interface Machine {
  driver: Driver;
  /** The newest CUDA that the driver knows. */
  version: number;
  card: CardReport;
  /** The file of cuBLASLt. @defaultValue it is looked for */
  productsLibrary?: string | undefined;
}

/** What the matrix units of a card multiply. */
export const halvesOf = ({ capability }: CardReport): "bf16" | "f16" => (capability >= 80 ? "bf16" : "f16");

/** What this machine has of that name. */
export const candidateOf = (name: ProductsName, machine: Machine): ProductsCandidate => {
  const { driver, version, card } = machine;
  if (name === "cublaslt") return cublasLtCandidate(machine);
  if (name === "mma")
    return { name, available: true, detail: `${halvesOf(card)} operands, float32 sums, by kernels of our own` };
  const problem = wgmmaProblem(driver, version, card);
  const detail = "bf16 operands, float32 sums, by kernels of our own for Hopper; others where these do not fit";
  return { name, available: !problem, detail: problem ?? detail };
};

const cublasLtCandidate = ({ driver, version, productsLibrary }: Machine): ProductsCandidate => {
  try {
    const found = findCublasLt(driver.native, version, productsLibrary);
    return { name: "cublaslt", available: true, detail: `cuBLASLt ${found.version} from ${found.file}` };
  } catch (error) {
    if (!isNativeFault(error)) throw error;
    const { problem, remedy } = explain(error);
    return { name: "cublaslt", available: false, detail: problem, remedy };
  }
};

/** The same; throws a fault if it is not there. */
export const requireProducts = (name: ProductsName, machine: Machine): ProductsCandidate => {
  if (!productNames.includes(name))
    throw fault({
      code: "invalid-argument",
      place: "startCuda",
      problem: `expected products ${productNames.map((one) => `"${one}"`).join(", ")}, got "${name}"`,
      remedy: "choose one of these",
      type: RangeError,
    });
  const found = candidateOf(name, machine);
  if (!found.available)
    throw fault({
      code: "unsupported",
      place: "startCuda",
      problem: `products "${name}": ${found.detail}`,
      remedy: `${found.remedy ? `${found.remedy}; or ` : ""}use products "mma", which every card has`,
    });
  return found;
};

/** Makes them ready; undefined for the kernels of every card. */
export const startProducts = (
  name: ProductsName,
  { driver, version, productsLibrary }: Machine,
  stream: Stream,
): ChosenProducts | undefined => {
  if (name === "wgmma") return wgmmaProducts(driver);
  if (name === "cublaslt") return cublasLtProducts(findCublasLt(driver.native, version, productsLibrary), stream);
  return undefined;
};
