import type { FaultCode } from "./codes.ts";
import { isFault } from "./fault.ts";
import { foreignCode } from "./foreign.ts";

/**
 * The code of an error: that of a fault, or what the system's and the engine's own errors amount to. Undefined for every
 * other error. Causes are not looked at.
 */
export const codeOf = (error: unknown): FaultCode | undefined => (isFault(error) ? error.code : foreignCode(error));

/** Whether an error, one of its causes, or one of the errors that it holds (`AggregateError`) has one of these codes. */
export const hasCode = (error: unknown, ...codes: readonly FaultCode[]): boolean => {
  const seen = new Set<unknown>(); // causes may go round in a circle
  const rest: unknown[] = [error];
  while (rest.length > 0) {
    const one = rest.pop();
    if (typeof one !== "object" || one === null || seen.has(one)) continue;
    seen.add(one);
    const code = codeOf(one);
    if (code !== undefined && codes.includes(code)) return true;
    const { cause, errors } = one as { cause?: unknown; errors?: unknown };
    rest.push(cause);
    if (Array.isArray(errors)) rest.push(...errors);
  }
  return false;
};
