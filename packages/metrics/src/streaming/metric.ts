/**
 * A running score. `add` takes one prediction and its target, both class numbers or both real values; `value` may be read
 * at any time and has a defined value for every input, also before the first `add`.
 */
export interface Metric {
  add(prediction: number, target: number): void;
  value(): number;
}
