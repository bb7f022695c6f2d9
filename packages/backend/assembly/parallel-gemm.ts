import { address, int } from "@cramkit/wasm-kit/assembly/arguments";
import { multiplyPacked, packA, packB, roundUp } from "@cramkit/wasm-kit/assembly/gemm";
import { KC, NR, TILE_BYTES } from "@cramkit/wasm-kit/src/layout";

/**
 * Packs B [k][n] for `gemmTask`; a task packs `panels` panels of 8 columns over all of k. For each block of KC along k
 * the panels follow each other; blocks are KC * roundUp(n, 8) floats apart.
 * ints: target, source, across, along (bytes), n, k, panels
 */
export function packTask(args: usize, task: i32, thread: i32): void {
  const target = address(args, 0), source = address(args, 1);
  const across = <usize>int(args, 2), along = <usize>int(args, 3);
  const n = int(args, 4), k = int(args, 5), panels = int(args, 6);
  const padded = <usize>roundUp(n, NR);
  const first = task * panels * NR;
  const cols = min(n - first, panels * NR);
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0);
    packB(
      target + (<usize>k0 * padded + <usize>first * <usize>kc) * 4,
      source + <usize>k0 * along + <usize>first * across,
      across, along, cols, kc,
    );
  }
}

/**
 * One block of C: tasks run along n first. `scratch` has `scratchStride` bytes a thread: TILE_BYTES + mc * KC * 4.
 * ints: a, acrossA, alongA, packedB, c, ldc (bytes), m, n, k, mc, nc, accumulate, bias or 0, scratch, scratchStride
 */
export function gemmTask(args: usize, task: i32, thread: i32): void {
  const a = address(args, 0);
  const across = <usize>int(args, 1), along = <usize>int(args, 2);
  const packedB = address(args, 3), c = address(args, 4);
  const ldc = <usize>int(args, 5);
  const m = int(args, 6), n = int(args, 7), k = int(args, 8), mc = int(args, 9), nc = int(args, 10);
  const accumulate = int(args, 11) != 0;
  const bias = address(args, 12);
  const scratch = address(args, 13) + <usize>thread * address(args, 14);
  const across8 = <usize>roundUp(n, NR);
  const columns = (n + nc - 1) / nc;
  const i0 = (task / columns) * mc, j0 = (task % columns) * nc;
  const rows = min(mc, m - i0), cols = min(nc, n - j0);
  const to = c + <usize>i0 * ldc + (<usize>j0 << 2);
  const packed = scratch + <usize>TILE_BYTES;
  for (let k0 = 0; k0 < k; k0 += KC) {
    const kc = min(KC, k - k0);
    packA(packed, a + <usize>i0 * across + <usize>k0 * along, across, along, rows, kc);
    multiplyPacked(
      packed, packedB + (<usize>k0 * across8 + <usize>j0 * <usize>kc) * 4, rows, cols, kc, to, ldc,
      accumulate || k0 > 0, bias == 0 || k0 > 0 ? <usize>0 : bias + (<usize>j0 << 2), scratch,
    );
  }
}
