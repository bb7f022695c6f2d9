import type { TensorInfo } from "@tensorflow/tfjs-core";
import { compiled } from "../cuda/compiled.generated.ts";
import { type CudaCall, cudaKernel, sizeOf } from "../cuda/runtime.ts";
import type { AdamwAttrs } from "./kernels.ts";

/** LIST_CHUNK of cuda.cu, and the 32-bit words of a ListEntry. */
const chunk = 4096;
const entryWords = 12;

interface Listed {
  tensors: readonly TensorInfo[];
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
  for (const [i, { tensors, number = 0 }] of entries.entries()) {
    const at = i * entryWords;
    for (const [j, tensor] of tensors.entries()) pointers[at / 2 + j] = runtime.pointer(tensor);
    const n = sizeOf(tensors[0]!.shape);
    words[at + 8] = n;
    words[at + 9] = blocks;
    floats[at + 10] = number;
    listed += tensors.length * n * 4;
    blocks += Math.ceil(n / chunk);
  }
  onDevice({ runtime }, words, (list) => body(list, entries.length, { grid: [blocks], listed }));
};

/** Calls `body` with the address of words that are on the device for as long. */
const onDevice = ({ runtime }: Pick<CudaCall, "runtime">, words: Int32Array, body: (pointer: bigint) => void): void => {
  const shape = [words.length];
  const dataId = runtime.write(words, shape, "int32");
  body(runtime.pointer({ dataId, shape, dtype: "int32" }));
  runtime.disposeData(dataId);
};

const adamw = /* @__PURE__ */ cudaKernel("CramkitAdamW", (call) => {
  const { inputs, attrs, runtime, at } = call;
  const { learningRate, b1, b2, epsilon, correction1, correction2 } = attrs as unknown as AdamwAttrs;
  const names = ["param", "grad", "mu", "nu"] as const;
  const entries: Listed[] = [];
  for (let i = 0; inputs[`param${i}`]; i++)
    entries.push({ tensors: names.map((name) => inputs[`${name}${i}`]!), number: attrs[`weightDecay${i}`]! });
  const numbers = Float32Array.of(learningRate, b1, b2, epsilon, correction1, correction2);
  onDevice(call, new Int32Array(numbers.buffer), (pointer) =>
    withList(call, entries, (list, count, grid) =>
      runtime.launch(compiled, "adamw", grid, [list, count, at("gradScale"), pointer]),
    ),
  );
  for (const { tensors } of entries) for (const i of [0, 2, 3]) runtime.written(tensors[i]!);
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

const globalNorm = /* @__PURE__ */ cudaKernel("CramkitGlobalNorm", (call) => {
  const { inputs, runtime } = call;
  const norm = runtime.output([]);
  const entries = Object.values(inputs).map((tensor) => ({ tensors: [tensor] }));
  withList(call, entries, (list, count, grid) =>
    runtime.withScratch(grid.grid[0] * 4, (partial) => {
      runtime.launch(compiled, "square_sums", { ...grid, block: 32 }, [list, count, partial]);
      runtime.launch(compiled, "norm_of", { grid: [1], block: 32 }, [partial, norm, grid.grid[0]]);
    }),
  );
  return norm;
});

export const optimizerCuda = [adamw, accumulate, globalNorm];
