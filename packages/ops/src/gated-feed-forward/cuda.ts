import type { TensorInfo } from "@tensorflow/tfjs-core";
import { compiled } from "../cuda/compiled.generated.ts";
import { compiled as hopper } from "../cuda/hopper.generated.ts";
import { type CudaCall, type CudaRuntime, cudaKernel, sizeOf } from "../cuda/runtime.ts";
import { gluBackward, gluForward, kindOf } from "../glu/cuda.ts";
import { inputGradient, linearForward } from "../linear/cuda.ts";

/** Rows, and columns of what is gated, of a tile of cuda.cu, its threads, and bytes of three stages of two operands. */
const tiles = {
  large: { rows: 128, threads: 256, shared: 3 * 2 * 128 * 64 },
  small: { rows: 64, threads: 128, shared: 3 * 2 * 64 * 64 },
} as const;

interface Gate {
  m: number;
  /** Columns of what is gated, and those that a tile has. */
  half: number;
  perTile: (rows: number) => number;
  k: number;
  /** Elements from one line of an operand to the next. */
  lines: readonly [a: number, b: number];
  /** Whether the second one's k lies across its lines, which are of what is gated. */
  liesAcross: boolean;
  operands: readonly [bigint, bigint];
  rest: readonly bigint[];
}

/** Rows of a tile of cuda-wgmma.cu; its threads, and bytes of three slots of two tiles, their barriers, and what aligning them takes. */
const hopperTile = { rows: 128, block: 288, shared: 3 * 2 * 128 * 64 * 2 + 2 * 3 * 8 + 1024 };

/** The same on Hopper's matrix units; false if these do not take it. */
const launchOnHopper = (call: CudaCall, kernel: string, gate: Gate): boolean => {
  const { m, half, perTile, k, lines, liesAcross, operands, rest } = gate;
  const { runtime } = call;
  const { rows, ...options } = hopperTile;
  const columns = perTile(rows);
  if (!runtime.chosenProducts?.tensorMap || m <= rows / 2 || half <= columns / 2 || half % 8 !== 0) return false;
  const describe = (i: 0 | 1, rows: number, across: number, along: number) =>
    runtime.chosenProducts!.tensorMap!({ x: operands[i], rows, k, across, along });
  const a = describe(0, m, lines[0], 1);
  const b = liesAcross ? describe(1, half, 1, lines[1]) : describe(1, 2 * half, lines[1], 1);
  if (!a || !b) return false;
  const grid = [Math.ceil(m / rows), Math.ceil(half / columns)] as const;
  // The operands are known to the maps alone.
  const listed = 2 * k * (m + (liesAcross ? half : 2 * half));
  runtime.launch(hopper, `${kernel}_wgmma`, { grid, ...options, listed }, [
    ...[a, b, ...rest, m, half, k, kindOf(call)],
  ]);
  return true;
};

/** Launches a kernel of both tiles: the larger one if that gives every multiprocessor work. */
const launchGate = (call: CudaCall, kernel: string, gate: Gate): void => {
  if (launchOnHopper(call, kernel, gate)) return;
  const { m, half, perTile, k, lines, operands, rest } = gate;
  const gridOf = (rows: number) => [Math.ceil(m / rows), Math.ceil(half / perTile(rows))] as const;
  const [down, across] = gridOf(128);
  const name = m > 64 && half > 64 && down * across >= call.runtime.card.multiprocessors ? "large" : "small";
  const { rows, threads, shared } = tiles[name];
  const isWide = (i: 0 | 1) => Number(lines[i] % 8 === 0 && operands[i]! % 16n === 0n);
  const layout = Int32Array.of(lines[0], isWide(0), lines[1], isWide(1));
  call.runtime.launch(compiled, `${kernel}_${name}`, { grid: gridOf(rows), block: threads, shared }, [
    ...[...operands, ...rest, m, half, k],
    ...[layout, kindOf(call)],
  ]);
};

/** A library's products end where its result is written: gates are a kernel after them. */
const isFused = ({ precision, chosenProducts }: CudaRuntime): boolean =>
  precision === "mixed" && chosenProducts?.name !== "cublaslt";

const forward = /* @__PURE__ */ cudaKernel("CramkitLinearGlu", (call): TensorInfo[] => {
  const { inputs, runtime, at } = call;
  const { x, weight, bias } = inputs;
  if (!isFused(runtime)) {
    const inner = linearForward(runtime, x!, weight!, bias);
    return [inner, gluForward(call, inner)];
  }
  const [rows, k] = weight!.shape as [number, number];
  const [m, outer] = [sizeOf(x!.shape) / k, x!.shape.slice(0, -1)];
  const [inner, gated] = [runtime.halfOutput([...outer, rows]), runtime.halfOutput([...outer, rows / 2])];
  launchGate(call, "gated_forward", {
    ...{ m, half: rows / 2, perTile: (all) => all / 2, k, lines: [k, k], liesAcross: false },
    operands: [runtime.half(x!), runtime.half(weight!)],
    rest: [at("bias"), runtime.half(inner), runtime.half(gated)],
  });
  return [inner, gated];
});

const backward = /* @__PURE__ */ cudaKernel("CramkitLinearGluGrad", (call) => {
  const { inputs, runtime } = call;
  const { dy, weight, inner } = inputs;
  if (!isFused(runtime)) {
    const dgated = inputGradient(runtime, dy!, weight!);
    const dinner = gluBackward(call, dgated, inner!);
    runtime.disposeData(dgated.dataId);
    return dinner;
  }
  const [k, half] = weight!.shape as [number, number];
  const dinner = runtime.halfOutput(inner!.shape);
  launchGate(call, "gated_backward", {
    ...{ m: sizeOf(dy!.shape) / k, half, perTile: (all) => all, k, lines: [k, half], liesAcross: true },
    operands: [runtime.half(dy!), runtime.half(weight!)],
    rest: [runtime.half(inner!), runtime.half(dinner)],
  });
  return dinner;
});

export const gatedFeedForwardCuda = [forward, backward];
