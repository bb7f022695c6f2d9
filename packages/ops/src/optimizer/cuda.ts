import type { TensorInfo } from "@tensorflow/tfjs-core";
import { compiled } from "../cuda/compiled.generated.ts";
import { type CudaCall, cudaKernel, sizeOf } from "../cuda/runtime.ts";
import type { AdamwAttrs } from "./kernels.ts";

/** LIST_CHUNK of cuda.cu, and the 32-bit words of a ListEntry. */
const chunk = 4096;
const entryWords = 14;

interface Listed {
  tensors: readonly TensorInfo[];
  /** Halves that are written beside them. @defaultValue none */
  halves?: bigint;
  /** @defaultValue `0` */
  number?: number;
}

/** Calls `body` with the address of a list in device memory, and the number of blocks that it takes. */
const withList = (
  { runtime }: CudaCall,
  entries: readonly Listed[],
  body: (list: bigint, count: number, grid: { grid: [blocks: number]; listed: number }) => void,
): void => {
  const words = new Int32Array(entries.length * entryWords);
  const [pointers, floats] = [new BigUint64Array(words.buffer), new Float32Array(words.buffer)];
  let [blocks, listed] = [0, 0];
  for (const [i, { tensors, halves, number = 0 }] of entries.entries()) {
    const at = i * entryWords;
    for (const [j, tensor] of tensors.entries()) pointers[at / 2 + j] = runtime.pointer(tensor);
    const n = sizeOf(tensors[0]!.shape);
    pointers[at / 2 + 4] = halves ?? 0n;
    words[at + 10] = n;
    words[at + 11] = blocks;
    floats[at + 12] = number;
    listed += tensors.length * n * 4 + (halves ? n * 2 : 0);
    blocks += Math.ceil(n / chunk);
  }
  runtime.withList(words, (list) => body(list, entries.length, { grid: [blocks], listed }));
};

const adamw = /* @__PURE__ */ cudaKernel("CramkitAdamW", (call) => {
  const { inputs, attrs, runtime, at } = call;
  const { learningRate, b1, b2, epsilon, correction1, correction2 } = attrs as unknown as AdamwAttrs;
  const names = ["param", "grad", "mu", "nu"] as const;
  const entries: Listed[] = [];
  for (let i = 0; inputs[`param${i}`]; i++) {
    const tensors = names.map((name) => inputs[`${name}${i}`]!);
    entries.push({ tensors, halves: runtime.keptHalf(tensors[0]!), number: attrs[`weightDecay${i}`]! });
  }
  const numbers = new Int32Array(Float32Array.of(learningRate, b1, b2, epsilon, correction1, correction2).buffer);
  const recorded = runtime.replayed("adamw", numbers);
  const withNumbers = (body: (pointer: bigint) => void) =>
    recorded ? body(recorded) : runtime.withList(numbers, body);
  withNumbers((pointer) =>
    withList(call, entries, (list, count, grid) =>
      runtime.launch(compiled, "adamw", grid, [list, count, at("gradScale"), pointer]),
    ),
  );
  for (const { tensors } of entries) for (const i of [0, 2, 3]) runtime.written(tensors[i]!, i === 0);
  return [];
});

const accumulate = /* @__PURE__ */ cudaKernel("CramkitAccumulate", (call) => {
  const { inputs, attrs, runtime } = call;
  const entries: Listed[] = [];
  for (let i = 0; inputs[`sum${i}`]; i++) entries.push({ tensors: [inputs[`sum${i}`]!, inputs[`grad${i}`]!] });
  withList(call, entries, (list, count, grid) =>
    runtime.launch(compiled, "accumulate", grid, [list, count, attrs.scale!]),
  );
  for (const { tensors } of entries) runtime.written(tensors[0]!);
  return [];
});

/** Calls `body` with what a sum over all blocks of a list takes first: the list, its parts, and the counter of blocks. */
const withSquares = (
  call: CudaCall,
  tensors: readonly TensorInfo[],
  body: (
    args: readonly (bigint | number)[],
    launch: { grid: [blocks: number]; listed: number; shared: number },
  ) => void,
): void => {
  const entries = tensors.map((tensor) => ({ tensors: [tensor] }));
  withList(call, entries, (list, count, grid) =>
    call.runtime.withScratch(grid.grid[0] * 4, (partial) =>
      body([list, count, partial, call.runtime.blockCounter()], { ...grid, shared: 128 }),
    ),
  );
};

const globalNorm = /* @__PURE__ */ cudaKernel("CramkitGlobalNorm", (call) => {
  const { inputs, runtime } = call;
  const norm = runtime.output([]);
  withSquares(call, Object.values(inputs), (args, launch) =>
    runtime.launch(compiled, "global_norm", launch, [...args, norm]),
  );
  return norm;
});

/** [norm, factor, skipped, skippedInARow]: see `clip` of cuda.cu. */
const clip = /* @__PURE__ */ cudaKernel("CramkitClip", (call) => {
  const { inputs, attrs, runtime, at } = call;
  const { gradScale: _, skipped: __, skippedInARow: ___, ...grads } = inputs;
  const outputs = [1, 2, 3, 4].map(() => runtime.output([]));
  withSquares(call, Object.values(grads), (args, launch) =>
    runtime.launch(compiled, "clip", launch, [
      ...[...args, at("gradScale"), at("skipped"), at("skippedInARow")],
      ...[...outputs, attrs.maxNorm!],
    ]),
  );
  return outputs;
});

export const optimizerCuda = [adamw, accumulate, globalNorm, clip];
