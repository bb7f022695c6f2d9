import { gemmScratch, KC, NR, TILE_BYTES } from "@cramkit/wasm-kit";
import { wasm } from "./wasm.generated.ts";
import type { WasmSource } from "./wasm-source.ts";

/** A matrix in the heap: element (i, j) of A [m, k] or of B [n, k] at address + 4 * (i * across + j * along). */
export interface GemmOperand {
  address: number;
  /** Elements from one row of A, or column of B, to the next. */
  across: number;
  /** Elements from one step of k to the next. Either this or `across` is 1. */
  along: number;
}

/** c [m, n] (rows `ldc` elements apart) = A B, plus what is there already, or plus `bias [n]`. */
export interface GemmProblem {
  m: number;
  n: number;
  k: number;
  a: GemmOperand;
  b: GemmOperand;
  c: number;
  /**
   * Floats from one row of C to the next.
   *
   * @defaultValue `n`
   */
  ldc?: number;
  /**
   * Whether the product is added to C.
   *
   * @defaultValue `false`
   */
  accumulate?: boolean;
  /**
   * Address of the bias.
   *
   * @defaultValue `0`: none
   */
  bias?: number;
  /**
   * Whether a backend in mixed precision may round the operands to bf16.
   *
   * @defaultValue `false`
   */
  mixed?: boolean;
}

/** As many products of one size, C one after the other; `item`: bytes from one product's operand to the next one's. */
export interface GemmBatch {
  batch: number;
  m: number;
  n: number;
  k: number;
  a: GemmOperand & { item: number };
  b: GemmOperand & { item: number };
  c: number;
}

/** A small B is packed by the calling thread: waking others costs more. */
const packAlone = 2 ** 18;
const panelsPerTask = 16;

/** Blocks of C: large ones, as long as there are enough of them. A function of the shape only. */
const blocking = (m: number, n: number): { mc: number; nc: number } => {
  let [mc, nc] = [96, 512];
  const tasks = () => Math.ceil(m / mc) * Math.ceil(n / nc);
  while (tasks() < 16 && nc > 128) nc /= 2;
  while (tasks() < 16 && mc > 24) mc /= 2;
  return { mc, nc };
};

/** What a product needs of its backend. */
interface TaskRunner {
  readonly threads: number;
  withScratch<T>(bytes: number, body: (address: number) => T): T;
  run(source: WasmSource, kernel: string, tasks: number, ints: readonly number[]): void;
}

/** Packs B, then computes blocks of C, each step on all threads. */
export const runGemm = (
  backend: TaskRunner,
  { m, n, k, a, b, c, ldc = n, accumulate = false, bias = 0 }: GemmProblem,
): void => {
  const { mc, nc } = blocking(m, n);
  const packedBytes = Math.ceil(n / NR) * NR * k * 4;
  const stride = TILE_BYTES + mc * KC * 4;
  backend.withScratch(packedBytes + backend.threads * stride, (packed) => {
    const scratch = packed + packedBytes;
    const panels = n * k <= packAlone ? Math.ceil(n / NR) : panelsPerTask;
    const packTasks = Math.ceil(n / NR / panels);
    backend.run(wasm, "packTask", packTasks, [packed, b.address, b.across * 4, b.along * 4, n, k, panels]);
    const tasks = Math.ceil(m / mc) * Math.ceil(n / nc);
    const operand = [a.address, a.across * 4, a.along * 4];
    const target = [packed, c, ldc * 4, m, n, k, mc, nc, accumulate ? 1 : 0, bias, scratch, stride];
    backend.run(wasm, "gemmTask", tasks, [...operand, ...target]);
  });
};

/** Computes each product of a batch on one thread. */
export const runGemmBatch = (backend: TaskRunner, { batch, m, n, k, a, b, c }: GemmBatch): void => {
  const stride = 64 + gemmScratch(m, n, k);
  backend.withScratch(stride * backend.threads, (scratch) => {
    const operandA = [a.address, a.item, a.across * 4, a.along * 4];
    const operandB = [b.address, b.item, b.across * 4, b.along * 4];
    backend.run(wasm, "batchTask", batch, [...operandA, ...operandB, c, m, n, k, scratch, stride]);
  });
};
