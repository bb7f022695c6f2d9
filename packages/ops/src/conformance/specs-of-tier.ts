import type { OpSpec } from "../conformance-case.ts";
import { inTier, type Tier } from "./tiers.ts";

/** The cases that say something about a tier of kernels. They are made when they are asked for: importing makes nothing. */
export const specsOfTier = async (tier: Tier): Promise<OpSpec[]> => inTier(tier, (await import("./specs.ts")).opSpecs);
