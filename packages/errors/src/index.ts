export { checkOptions, type KnownOptions } from "./check-options.ts";
export { codeOf, hasCode } from "./code-of.ts";
export { type FaultCode, faultCodes } from "./codes.ts";
export { type Explanation, explain, problemOf, toFault } from "./explain.ts";
export { type Fault, type FaultOptions, type FaultParts, fault, isFault, partsOf, reworded } from "./fault.ts";
export { shown } from "./shown.ts";
