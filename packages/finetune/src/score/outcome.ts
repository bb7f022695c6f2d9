import type { Example } from "../examples/example.ts";
import type { Prediction } from "./predictions.ts";

/** A dev example with what the model says of it. */
export interface Outcome {
  readonly example: Example;
  readonly prediction: Prediction;
  /** The mean loss of the example. */
  readonly loss: number;
}
