export type { OpCase, OpSpec } from "../conformance-case.ts";
export { type ConformanceErrors, measureCase } from "./measure-case.ts";
export { specsOfTier } from "./specs-of-tier.ts";
