import { address, int } from "@cramkit/wasm-kit/assembly/arguments";
import { gemm } from "@cramkit/wasm-kit/assembly/gemm";

/**
 * One product of a batch, on one thread.
 * ints: a, itemA, acrossA, alongA, b, itemB, acrossB, alongB, c, m, n, k, scratch, scratchStride (strides in bytes;
 * itemA and itemB are the distances between products, 0 to use one matrix for all)
 */
export function batchTask(args: usize, task: i32, thread: i32): void {
  const m = int(args, 9), n = int(args, 10), k = int(args, 11);
  gemm(
    m, n, k,
    address(args, 0) + <usize>task * address(args, 1), address(args, 2), address(args, 3),
    address(args, 4) + <usize>task * address(args, 5), address(args, 6), address(args, 7),
    address(args, 8) + <usize>task * (<usize>m * <usize>n << 2), <usize>n << 2, false,
    address(args, 12) + <usize>thread * address(args, 13),
  );
}
