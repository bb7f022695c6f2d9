import type { Capabilities } from "./host.ts";

type Sizes = Pick<Capabilities, "subgroupMinSize" | "subgroupMaxSize" | "subgroupSizeControl">;

/** The sizes of subgroups that a shader may ask this device for, by `variants: { subgroupSize: "32" }`; none without `subgroup-size-control`. */
export const subgroupSizes = ({ subgroupMinSize, subgroupMaxSize, subgroupSizeControl }: Sizes): number[] => {
  const sizes: number[] = [];
  if (subgroupSizeControl) for (let size = subgroupMinSize; size <= subgroupMaxSize; size *= 2) sizes.push(size);
  return sizes;
};

/** The size that is asked for by name, if the device has it. */
export const askedSubgroupSize = (capabilities: Sizes & Pick<Capabilities, "variants">): number | undefined =>
  subgroupSizes(capabilities).find((size) => `${size}` === capabilities.variants.subgroupSize);
