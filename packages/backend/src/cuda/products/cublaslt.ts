import type { Stream } from "../driver/stream.ts";
import { cublasLtFault } from "./cublaslt-fault.ts";
import type { CublasLt, CublasLtCall } from "./find-cublaslt.ts";
import {
  addressOf,
  type ChosenProducts,
  formOf,
  halvesOf,
  isOnUnits,
  lies,
  lineOf,
  type Product,
  type ProductHost,
  type ProductOperand,
} from "./product.ts";

/** Of `library_types.h` and `cublas_api.h`: types of elements, sums in float32, and operands as they lie or transposed. */
const types = { float32: 0, f16: 2, bf16: 14 } as const;
const float32Sums = 68;
/** Of `cublasLt.h`: attributes of an operation, a matrix, a preference; epilogues. */
const operationAttributes = { transposedA: 3, transposedB: 4, epilogue: 7, bias: 8 } as const;
const layoutAttributes = { batches: 5, step: 6 } as const;
const preferenceAttributes = { workspace: 1, alignments: [5, 6, 7, 8] } as const;
const withBias = 4;
const notSupported = 15;
/** Bytes of what it answers to a question for one algorithm, the first 64 of which are the algorithm. */
const answerBytes = 96;
/** What NVIDIA recommends for Hopper, and for what is before it. */
const workspaceBytes = (capability: number): number => (capability >= 90 ? 32 : 8) * 2 ** 20;
/** Shapes whose descriptions are kept. */
const maxPlans = 1024;

/** A product's shape as cuBLASLt has it, and the algorithm that it chose. */
interface Plan {
  operation: bigint;
  /** Layouts of a, b and the result. */
  layouts: readonly [bigint, bigint, bigint];
  algorithm: Uint8Array;
  workspace: number;
}

/** Where the matrices of a product are, and of what. */
interface Operands {
  a: bigint;
  b: bigint;
  c: bigint;
  /** Types of the operands, and of the result. */
  type: number;
  result: number;
}

/**
 * Products by cuBLASLt. It has matrices in column order, so what it computes is c^T = b a^T: our b is its first operand, the result has n
 * rows, and a bias of n is one for each row.
 */
export const cublasLtProducts = (library: CublasLt, stream: Stream): ChosenProducts => {
  const { calls } = library;
  const check = (status: number, call: CublasLtCall, doing: string): void => {
    if (status !== 0) throw cublasLtFault(status, call, doing);
  };
  const made = (call: CublasLtCall, ...args: (number | bigint)[]): bigint => {
    const into = new BigUint64Array(1);
    check(calls[call](into, ...args), call, "describing a product");
    return into[0]!;
  };
  const handle = made("cublasLtCreate");
  const plans = new Map<string, Plan | undefined>();

  const setOperation = (operation: bigint, attribute: number, value: Int32Array | BigUint64Array): void => {
    const call = "cublasLtMatmulDescSetAttribute";
    check(calls[call](operation, attribute, value, value.byteLength), call, "describing a product");
  };
  const layoutOf = (
    type: number,
    rows: number,
    columns: number,
    line: number,
    batches: number,
    step: number,
  ): bigint => {
    const layout = made("cublasLtMatrixLayoutCreate", type, rows, columns, line);
    const call = "cublasLtMatrixLayoutSetAttribute";
    const set = (attribute: number, value: Int32Array | BigInt64Array) =>
      check(calls[call](layout, attribute, value, value.byteLength), call, "describing a matrix");
    set(layoutAttributes.batches, Int32Array.of(batches));
    set(layoutAttributes.step, BigInt64Array.of(BigInt(step)));
    return layout;
  };

  /** Asks for an algorithm; undefined if there is none. */
  const planned = (product: Product, operands: Operands, alignments: readonly number[]): Plan | undefined => {
    const { m, n, k, batches = 1 } = product;
    const operation = made("cublasLtMatmulDescCreate", float32Sums, types.float32);
    setOperation(operation, operationAttributes.transposedA, Int32Array.of(Number(lies(product.b) === "n")));
    setOperation(operation, operationAttributes.transposedB, Int32Array.of(Number(lies(product.a) === "t")));
    if (product.bias) setOperation(operation, operationAttributes.epilogue, Int32Array.of(withBias));
    const operandLayout = (operand: ProductOperand, rows: number) => {
      const [inner, lines] = linesOf(operand, rows, k);
      // Where there is one line, no matter how far the next one is.
      const line = lines === 1 ? Math.max(inner, lineOf(operand)) : lineOf(operand);
      return layoutOf(operands.type, inner, lines, line, batches, operand.batch ?? 0);
    };
    const layouts = [
      operandLayout(product.b, n),
      operandLayout(product.a, m),
      layoutOf(operands.result, n, m, n, batches, m * n),
    ] as const;
    const preference = made("cublasLtMatmulPreferenceCreate");
    const call = "cublasLtMatmulPreferenceSetAttribute";
    const prefer = (attribute: number, value: Int32Array | BigUint64Array) =>
      check(calls[call](preference, attribute, value, value.byteLength), call, "asking for an algorithm");
    prefer(preferenceAttributes.workspace, BigUint64Array.of(BigInt(workspaceBytes(stream.card.capability))));
    for (const [i, attribute] of preferenceAttributes.alignments.entries())
      prefer(attribute, Int32Array.of(alignments[i]!));
    const answer = new Uint8Array(answerBytes);
    const found = new Int32Array(1);
    const status = calls.cublasLtMatmulAlgoGetHeuristic(
      ...([handle, operation, layouts[0], layouts[1], layouts[2], layouts[2]] as const),
      ...([preference, 1, answer, found] as const),
    );
    calls.cublasLtMatmulPreferenceDestroy(preference);
    const workspace = Number(new BigUint64Array(answer.buffer, 64, 1)[0]!);
    const plan: Plan = { operation, layouts, algorithm: answer.slice(0, 64), workspace };
    if (status === 0 && found[0] === 1) return plan;
    forget(plan);
    if (status !== 0 && status !== notSupported)
      throw cublasLtFault(status, "cublasLtMatmulAlgoGetHeuristic", "asking for an algorithm");
    return undefined;
  };
  const forget = ({ operation, layouts }: Plan): void => {
    calls.cublasLtMatmulDescDestroy(operation);
    for (const layout of layouts) calls.cublasLtMatrixLayoutDestroy(layout);
  };
  const forgetAll = (): void => {
    for (const plan of plans.values()) if (plan) forget(plan);
    plans.clear();
  };

  const operandsOf = (host: ProductHost, product: Product): Operands | undefined => {
    const { a, b, c, m, n, k, bias } = product;
    if (m === 0 || n === 0 || k === 0) return undefined;
    if (!isMatrix(a, m, k) || !isMatrix(b, n, k)) return undefined;
    if (!isOnUnits(host, product))
      return {
        a: addressOf(host, a.x),
        b: addressOf(host, b.x),
        c: addressOf(host, c),
        type: types.float32,
        result: types.float32,
      };
    const to = formOf(host, c);
    const type = stream.card.capability >= 80 ? types.bf16 : types.f16;
    // A bias has to have the type of the result; ours are float32.
    if (bias && to.half) return undefined;
    return {
      a: halvesOf(host, a.x),
      b: halvesOf(host, b.x),
      c: to.pointer,
      type,
      result: to.half ? type : types.float32,
    };
  };
  const planOf = (product: Product, operands: Operands): Plan | undefined => {
    const { m, n, k, batches = 1, bias } = product;
    const alignments = [operands.b, operands.a, operands.c, operands.c].map(alignmentOf);
    const described = [product.a, product.b].map((one) => `${lies(one)}${lineOf(one)}:${one.batch ?? 0}`);
    const key = `${m} ${n} ${k} ${batches} ${described} ${operands.type} ${operands.result} ${bias !== undefined} ${alignments}`;
    if (!plans.has(key)) {
      if (plans.size >= maxPlans) forgetAll();
      plans.set(key, planned(product, operands, alignments));
    }
    return plans.get(key);
  };

  const run = (host: ProductHost, product: Product, { a, b, c, result }: Operands, plan: Plan): void => {
    const { bias, scale = 1, accumulate = false } = product;
    const { operation, layouts, algorithm, workspace } = plan;
    const biasAt = bias ? host.pointer(bias) : 0n;
    if (bias) setOperation(operation, operationAttributes.bias, BigUint64Array.of(biasAt));
    const beta = accumulate && result === types.float32 ? 1 : 0;
    host.withScratch(Math.max(1, workspace), (scratch) => {
      stream.remember("cublasLtMatmul");
      const status = calls.cublasLtMatmul(
        ...([handle, operation, Float32Array.of(scale), b, layouts[0], a, layouts[1]] as const),
        ...([Float32Array.of(beta), c, layouts[2], c, layouts[2], algorithm] as const),
        ...([scratch, workspace, stream.handle] as const),
      );
      check(status, "cublasLtMatmul", "multiplying");
    });
    host.ran("cublasLtMatmul", [a, b, c, biasAt]);
  };

  return {
    name: "cublaslt",
    multiply(host, product) {
      const operands = operandsOf(host, product);
      const plan = operands && planOf(product, operands);
      if (!plan) return false;
      run(host, product, operands, plan);
      return true;
    },
    multiplyAll(host, products) {
      const all = products.map((product) => {
        const operands = operandsOf(host, product);
        return { product, operands, plan: operands && planOf(product, operands) };
      });
      if (!all.every(({ plan }) => plan)) return false;
      for (const { product, operands, plan } of all) run(host, product, operands!, plan!);
      return true;
    },
    dispose() {
      forgetAll();
      calls.cublasLtDestroy(handle);
    },
  };
};

/** Elements of a line of an operand, and its lines. */
const linesOf = (operand: ProductOperand, rows: number, k: number): readonly [inner: number, lines: number] =>
  lies(operand) === "n" ? [k, rows] : [rows, k];

/** Whether its elements lie in lines, one after the other. */
const isMatrix = (operand: ProductOperand, rows: number, k: number): boolean => {
  const [inner, lines] = linesOf(operand, rows, k);
  return (operand.across === 1 || operand.along === 1) && (lines === 1 || lineOf(operand) >= inner);
};

/** The largest power of two up to 256 that an address is a multiple of. */
const alignmentOf = (address: bigint): number => {
  const low = Number(address & 255n);
  return low === 0 ? 256 : low & -low;
};
