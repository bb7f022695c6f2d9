import { address, float, int } from "@cramkit/wasm-kit/assembly/arguments";

const BLOCK: i32 = 16384;

/**
 * ints: param, grad, mu, nu, n; floats: gradScale, learningRate / correction1, b1, b2, epsilon, learningRate *
 * weightDecay, 1 / correction2, 1 - b1, 1 - b2
 */
export function adamwTask(args: usize, task: i32, thread: i32): void {
  const first = <usize>task * BLOCK << 2;
  let p = address(args, 0) + first, g = address(args, 1) + first, mu = address(args, 2) + first;
  let nu = address(args, 3) + first;
  const end = p + (<usize>min(BLOCK, int(args, 4) - task * BLOCK) << 2);
  const gradScale = f32x4.splat(float(args, 0)), rate = f32x4.splat(float(args, 1));
  const b1 = f32x4.splat(float(args, 2)), b2 = f32x4.splat(float(args, 3)), epsilon = f32x4.splat(float(args, 4));
  const decay = f32x4.splat(float(args, 5)), correction = f32x4.splat(float(args, 6));
  const rest1 = f32x4.splat(float(args, 7)), rest2 = f32x4.splat(float(args, 8));
  for (; p < end; p += 16) {
    const gradient = f32x4.mul(v128.load(g), gradScale), param = v128.load(p);
    const m = f32x4.add(f32x4.mul(b1, v128.load(mu)), f32x4.mul(rest1, gradient));
    const s = f32x4.add(f32x4.mul(b2, v128.load(nu)), f32x4.mul(rest2, f32x4.mul(gradient, gradient)));
    v128.store(mu, m);
    v128.store(nu, s);
    const step = f32x4.div(f32x4.mul(rate, m), f32x4.add(f32x4.sqrt(f32x4.mul(s, correction)), epsilon));
    v128.store(p, f32x4.sub(f32x4.sub(param, step), f32x4.mul(decay, param)));
    g += 16;
    mu += 16;
    nu += 16;
  }
}

/** sum += scale * grad. ints: sum, grad, n; floats: scale */
export function accumulateTask(args: usize, task: i32, thread: i32): void {
  const first = <usize>task * BLOCK << 2;
  let sum = address(args, 0) + first, grad = address(args, 1) + first;
  const end = sum + (<usize>min(BLOCK, int(args, 2) - task * BLOCK) << 2);
  const scale = f32x4.splat(float(args, 0));
  for (; sum < end; sum += 16) {
    v128.store(sum, f32x4.add(v128.load(sum), f32x4.mul(scale, v128.load(grad))));
    grad += 16;
  }
}

/** partial[task] (float64) = the sum of the squares of this task's elements. ints: x, partial, n */
export function squareSumTask(args: usize, task: i32, thread: i32): void {
  let x = address(args, 0) + (<usize>task * BLOCK << 2);
  const end = x + (<usize>min(BLOCK, int(args, 2) - task * BLOCK) << 2);
  let lo = f64x2.splat(0), hi = lo;
  for (; x + 16 <= end; x += 16) {
    const v = v128.load(x);
    const a = f64x2.promote_low_f32x4(v), b = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
    lo = f64x2.add(lo, f64x2.mul(a, a));
    hi = f64x2.add(hi, f64x2.mul(b, b));
  }
  const sums = f64x2.add(lo, hi);
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; x < end; x += 4) sum += <f64>load<f32>(x) * <f64>load<f32>(x);
  store<f64>(address(args, 1) + (<usize>task << 3), sum);
}
