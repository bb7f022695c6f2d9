import { fault } from "@cramkit/errors";
import { LAYOUT } from "./layout.ts";

/** What says which call layout it was compiled for: a module, or a kernel that runs one. */
export interface CompiledFor {
  readonly layout: number;
}

/**
 * Refuses what was compiled for another call layout: it would read its arguments from the wrong places and write over
 * tensors. `what` names it in the error, e.g. a kernel.
 *
 * @throws Fault with the code `version-mismatch`.
 */
export const checkLayout = (what: string, { layout }: CompiledFor, own: number = LAYOUT): void => {
  if (layout === own) return;
  throw fault({
    code: "version-mismatch",
    place: what,
    problem: `expected WebAssembly of call layout ${own}, got layout ${layout}`,
    remedy: "install versions of @cramkit/ops and @cramkit/backend that were published together",
    details: { expected: own, layout },
  });
};
