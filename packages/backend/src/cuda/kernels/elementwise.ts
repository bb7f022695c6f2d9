import { backend_util, type DataType, type KernelConfig, type TensorInfo } from "@tensorflow/tfjs-core";
import { broadcastAxes } from "../../broadcast.ts";
import { sizeOf } from "../../shape.ts";
import type { CudaBackend } from "../backend.ts";
import { compiled } from "../compiled.generated.ts";
import { type Call, config, line, refused, structOf } from "./words.ts";

/** What an operation's attributes are to its kernel: p and q of elementwise.cu. */
const attributes: Record<string, (attrs: Record<string, unknown>) => number[]> = {
  LeakyRelu: ({ alpha }) => [alpha as number],
  Step: ({ alpha }) => [alpha as number],
  ClipByValue: ({ clipValueMin, clipValueMax }) => [clipValueMin as number, clipValueMax as number],
};

/** Suffixes of kernels that take a type, the best one first. The last letter says what they give. */
const suffixes: Partial<Record<DataType, readonly string[]>> = {
  float32: ["f", "fb"],
  int32: ["i", "ib", "b"],
  bool: ["b", "ib", "i"],
};
const results: Record<string, DataType> = { f: "float32", i: "int32", b: "bool" };

/** Operations of a table of elementwise.cu with the types that they have kernels for, as the compiler found them. */
const rowsOf = (table: "Unary" | "Binary"): Map<string, Set<string>> => {
  const rows = new Map<string, Set<string>>();
  for (const kernel of Object.keys(compiled.kernels)) {
    const [kind, name, suffix] = kernel.split("_") as [string, string, string];
    if (kind === table) rows.set(name, (rows.get(name) ?? new Set()).add(suffix));
  }
  return rows;
};

export const suffixFor = (op: string, kernels: ReadonlySet<string>, dtype: DataType): string => {
  const suffix = suffixes[dtype]?.find((suffix) => kernels.has(suffix));
  if (suffix === undefined) throw refused(op, "another type", dtype);
  return suffix;
};

/** y = f(x), with what the attributes say. */
export const unary = (
  backend: CudaBackend,
  name: string,
  suffix: string,
  x: TensorInfo,
  [p = 0, q = 0]: number[] = [],
): TensorInfo => {
  const n = sizeOf(x.shape);
  const y = backend.output(x.shape, results[suffix.at(-1)!]);
  backend.launch(compiled, `Unary_${name}_${suffix}`, line(n), [x, y, n, p, q]);
  return y;
};

/** y = f(a, b), broadcast. */
export const binary = (
  backend: CudaBackend,
  name: string,
  suffix: string,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo => {
  const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const n = sizeOf(shape);
  const y = backend.output(shape, results[suffix.at(-1)!]);
  const axes = n === 0 ? [] : broadcastAxes(a.shape, b.shape);
  const lists = (["length", "a", "b"] as const).map((key) => axes.map((axis) => axis[key]));
  backend.launch(compiled, `Binary_${name}_${suffix}`, line(n), [
    ...[a, b, y, n],
    structOf(name, [axes.length], lists),
  ]);
  return y;
};

export const castTo = (backend: CudaBackend, x: TensorInfo, dtype: DataType): TensorInfo => {
  if (dtype === x.dtype || (x.dtype === "bool" && dtype === "int32")) return backend.alias(x, x.shape, dtype);
  const letters: Partial<Record<DataType, string>> = { float32: "f", int32: "i", bool: "b" };
  const [from, to] = [x.dtype === "bool" ? "i" : letters[x.dtype], letters[dtype]];
  if (!from || !to) throw refused("Cast", "float32, int32 or bool", `${x.dtype} to ${dtype}`);
  return unary(backend, "Cast", from + to, x);
};

const whereKernel = ({ inputs, backend }: Call): TensorInfo => {
  const { condition, t, e } = inputs as Record<"condition" | "t" | "e", TensorInfo>;
  const n = sizeOf(t.shape);
  const y = backend.output(t.shape, t.dtype);
  const inner = n / Math.max(1, sizeOf(condition.shape)); // a condition of rank 1 chooses rows
  backend.launch(compiled, "choose", line(n), [condition, t, e, y, n, inner]);
  return y;
};

const addAll = ({ inputs, backend }: Call): TensorInfo => {
  const [first, ...rest] = Object.values(inputs) as [TensorInfo, ...TensorInfo[]];
  let sum = backend.alias(first, first.shape, first.dtype);
  for (const next of rest) {
    const before = sum;
    sum = binary(backend, "Add", suffixFor("AddN", new Set(["f", "i"]), first.dtype), before, next);
    backend.disposeData(before.dataId);
  }
  return sum;
};

/** Everything that elementwise.cu has a row for, and what is made of them. */
export const elementwiseKernels = (): KernelConfig[] => [
  ...[...rowsOf("Unary")]
    .filter(([name]) => name !== "Cast" && name !== "Affine")
    .map(([name, kernels]) =>
      config(name, ({ inputs, attrs, backend }) => {
        const x = (inputs.x ?? inputs.logits)!;
        return unary(backend, name, suffixFor(name, kernels, x.dtype), x, attributes[name]?.(attrs));
      }),
    ),
  ...[...rowsOf("Binary")]
    .filter(([name]) => name !== "Add") // sum.ts
    .map(([name, kernels]) =>
      config(name, ({ inputs, backend }) => {
        const { a, b } = operands[name]?.(inputs) ?? (inputs as { a: TensorInfo; b: TensorInfo });
        if (a.dtype !== b.dtype) throw refused(name, "two operands of one type", `${a.dtype} and ${b.dtype}`);
        return binary(backend, name, suffixFor(name, kernels, a.dtype), a, b);
      }),
    ),
  config("Cast", ({ inputs, attrs, backend }) => castTo(backend, inputs.x!, attrs.dtype as DataType)),
  config("Select", whereKernel),
  config("AddN", addAll),
];

/** Operations whose operands have other names. */
const operands: Record<string, (inputs: Record<string, TensorInfo>) => { a: TensorInfo; b: TensorInfo }> = {
  Prelu: ({ x, alpha }) => ({ a: x!, b: alpha! }),
  EluGrad: ({ dy, y }) => ({ a: dy!, b: y! }),
};
