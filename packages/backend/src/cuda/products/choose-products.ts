import { fault } from "@cramkit/errors";
import type { CardReport } from "../driver/device.ts";
import type { Driver } from "../driver/driver.ts";
import type { ChosenProducts } from "./product.ts";
import { wgmmaProblem, wgmmaProducts } from "./wgmma.ts";

/** Names of what multiplies, see `products` of the options. */
const productNames = ["mma", "wgmma"] as const;
export type ProductsName = (typeof productNames)[number];

/** One of them on this machine. */
export interface ProductsCandidate {
  name: ProductsName;
  available: boolean;
  /** What it is, or why it is not to be had. */
  detail: string;
}

interface Machine {
  driver: Driver;
  /** The newest CUDA that the driver knows. */
  version: number;
  card: CardReport;
}

/** What the matrix units of a card multiply. */
export const halvesOf = ({ capability }: CardReport): "bf16" | "f16" => (capability >= 80 ? "bf16" : "f16");

/** What this machine has. */
export const productsCandidates = ({ driver, version, card }: Machine): ProductsCandidate[] => {
  const noWgmma = wgmmaProblem(driver, version, card);
  return [
    { name: "mma", available: true, detail: `${halvesOf(card)} operands, float32 sums, by kernels of our own` },
    {
      name: "wgmma",
      available: !noWgmma,
      detail: noWgmma ?? "bf16 operands, float32 sums, by kernels of our own for Hopper; others where these do not fit",
    },
  ];
};

/** Throws a fault if what was asked for by name is not there. */
export const requireProducts = (candidates: readonly ProductsCandidate[], name: ProductsName): ProductsCandidate => {
  const found = candidates.find((candidate) => candidate.name === name);
  if (!found)
    throw fault({
      code: "invalid-argument",
      place: "startCuda",
      problem: `expected products ${productNames.map((one) => `"${one}"`).join(", ")}, got "${name}"`,
      remedy: "choose one of these",
      type: RangeError,
    });
  if (!found.available)
    throw fault({
      code: "unsupported",
      place: "startCuda",
      problem: `products "${name}": ${found.detail}`,
      remedy: 'use products "mma", which every card has',
    });
  return found;
};

/** Makes them ready; undefined for the kernels of every card. */
export const startProducts = (name: ProductsName, { driver }: Machine): ChosenProducts | undefined =>
  name === "wgmma" ? wgmmaProducts(driver) : undefined;
