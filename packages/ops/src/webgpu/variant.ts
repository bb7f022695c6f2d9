import type { Capabilities } from "./host.ts";

/** A way to compute something that `variants: { FAMILY: name }` of the backend forces, for a sweep on a device. */
export interface KernelVariant {
  name: string;
  tiers: readonly Capabilities["tier"][];
}
