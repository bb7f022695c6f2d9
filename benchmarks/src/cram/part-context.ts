import type { RunContext } from "@cramkit/recipes";

/** What a part works with. */
export interface PartContext extends RunContext {
  /** Milliseconds until it is stopped. */
  leftMs(): number;
}

/** A reason to leave a part out that is not a failure, such as a missing PyTorch. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}
