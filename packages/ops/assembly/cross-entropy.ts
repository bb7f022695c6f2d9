import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";
import { exp4, loadTail, log64, LOWEST, maxLanes, storeTail, sumLanes } from "./math";

/**
 * Per row of logits: losses[row] = log sum exp - logit of the target; where `gradient`, the logits become
 * (softmax - onehot) * scale. ints: logits, targets, losses, rows, vocab, gradient, rowsPerTask; floats: scale
 */
export function crossEntropyTask(args: usize, task: i32, thread: i32): void {
  const vocab = int(args, 4), gradient = int(args, 5) != 0, perTask = int(args, 6), first = task * perTask;
  const last = min(int(args, 3), first + perTask);
  const bytes = <usize>vocab << 2, whole = bytes & ~15, rest = vocab & 3;
  const scale = float(args, 0);
  for (let i = first; i < last; i++) {
    const row = address(args, 0) + <usize>i * bytes;
    const target = row + (<usize>load<i32>(address(args, 1) + (<usize>i << 2)) << 2);
    const picked = load<f32>(target);
    let top4 = f32x4.splat(LOWEST);
    for (let j: usize = 0; j < whole; j += 16) top4 = f32x4.max(top4, v128.load(row + j));
    let top = maxLanes(top4);
    for (let j = whole; j < bytes; j += 4) top = max(top, load<f32>(row + j));
    const tops = f32x4.splat(top);
    let sum4 = f32x4.splat(0);
    for (let j: usize = 0; j < whole; j += 16) {
      const e = exp4(f32x4.sub(v128.load(row + j), tops));
      if (gradient) v128.store(row + j, e);
      sum4 = f32x4.add(sum4, e);
    }
    let sum = sumLanes(sum4);
    if (rest) {
      const e = exp4(f32x4.sub(loadTail(row + whole, rest), tops));
      for (let j = 0; j < rest; j++) sum += j == 0 ? f32x4.extract_lane(e, 0) : j == 1 ? f32x4.extract_lane(e, 1) : f32x4.extract_lane(e, 2);
      if (gradient) storeTail(row + whole, e, rest);
    }
    store<f32>(address(args, 2) + (<usize>i << 2), <f32>(log64(<f64>sum) + <f64>top - <f64>picked));
    if (!gradient) continue;
    const factor = scale / sum, factors = f32x4.splat(factor);
    for (let j: usize = 0; j < whole; j += 16) v128.store(row + j, f32x4.mul(v128.load(row + j), factors));
    for (let j = whole; j < bytes; j += 4) store<f32>(row + j, load<f32>(row + j) * factor);
    store<f32>(target, load<f32>(target) - scale);
  }
}
