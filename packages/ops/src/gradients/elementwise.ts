import {
  add,
  cast,
  clone,
  cos,
  div,
  exp,
  type GradConfig,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logicalAnd,
  mul,
  neg,
  pow,
  sigmoid,
  sign,
  sin,
  square,
  sub,
  type Tensor,
  where,
  zeros,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { reduceTo } from "./broadcast.ts";

const asFloat = (condition: Tensor): Tensor => cast(condition, "float32");

/** Gradients of a op b for both operands, each still of the broadcast shape. */
type Binary = (dy: Tensor, a: Tensor, b: Tensor) => { a: () => Tensor; b: () => Tensor };

const binaries: Record<string, Binary> = {
  Add: (dy) => ({ a: () => dy, b: () => dy }),
  Sub: (dy) => ({ a: () => dy, b: () => neg(dy) }),
  Multiply: (dy, a, b) => ({ a: () => mul(dy, cast(b, "float32")), b: () => mul(dy, cast(a, "float32")) }),
  RealDiv: (dy, a, b) => ({
    a: () => div(dy, cast(b, "float32")),
    b: () => neg(div(mul(dy, a), square(cast(b, "float32")))),
  }),
  Pow: (dy, a, b) => ({
    a: () => mul(dy, mul(b, pow(a, sub(b, 1)))),
    b: () => mul(dy, mul(pow(a, b), where(greater(a, 0), log(a), zerosLike(a)))),
  }),
  Maximum: (dy, a, b) => ({ a: () => mul(dy, asFloat(greaterEqual(a, b))), b: () => mul(dy, asFloat(less(a, b))) }),
  Minimum: (dy, a, b) => ({ a: () => mul(dy, asFloat(lessEqual(a, b))), b: () => mul(dy, asFloat(greater(a, b))) }),
  SquaredDifference: (dy, a, b) => ({
    a: () => mul(dy, mul(sub(a, b), 2)),
    b: () => mul(dy, mul(sub(b, a), 2)),
  }),
};

/** dy times the derivative, from the input. */
const fromInput: Record<string, (dy: Tensor, x: Tensor) => Tensor> = {
  Abs: (dy, x) => mul(dy, sign(x)),
  Cos: (dy, x) => neg(mul(dy, sin(x))),
  Erf: (dy, x) => mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
  Log: (dy, x) => div(dy, x),
  Log1p: (dy, x) => div(dy, add(x, 1)),
  Reciprocal: (dy, x) => neg(div(dy, square(x))),
  Relu: (dy, x) => mul(dy, asFloat(greater(x, 0))),
  Relu6: (dy, x) => mul(dy, asFloat(logicalAnd(greater(x, 0), less(x, 6)))),
  Sin: (dy, x) => mul(dy, cos(x)),
  Softplus: (dy, x) => mul(dy, sigmoid(x)),
  Square: (dy, x) => mul(dy, mul(x, 2)),
};

/** dy times the derivative, from the output. */
const fromOutput: Record<string, (dy: Tensor, y: Tensor) => Tensor> = {
  Exp: mul,
  Expm1: (dy, y) => mul(dy, add(y, 1)),
  Elu: (dy, y) => mul(dy, where(greater(y, 0), add(zerosLike(y), 1), add(y, 1))),
  Rsqrt: (dy, y) => mul(dy, mul(mul(square(y), y), -0.5)),
  Sigmoid: (dy, y) => mul(dy, mul(y, sub(1, y))),
  Sqrt: (dy, y) => mul(div(dy, y), 0.5),
  Tanh: (dy, y) => mul(dy, sub(1, square(y))),
};

/** Piecewise constant: the gradient is zero. */
const constants = ["Ceil", "Floor", "Round", "Sign", "Step", "OnesLike", "ZerosLike"];
const comparisons = ["Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"];

export const elementwiseGradients = (): GradConfig[] => [
  ...Object.entries(binaries).map(
    ([kernelName, gradient]): GradConfig => ({
      kernelName,
      inputsToSave: ["a", "b"],
      gradFunc: (dy, saved) => {
        const [a, b] = saved as [Tensor, Tensor];
        const of = gradient(dy as Tensor, a, b);
        return { a: () => reduceTo(of.a(), a.shape), b: () => reduceTo(of.b(), b.shape) };
      },
    }),
  ),
  ...Object.entries(fromInput).map(
    ([kernelName, gradient]): GradConfig => ({
      kernelName,
      inputsToSave: ["x"],
      gradFunc: (dy, [x]) => ({ x: () => gradient(dy as Tensor, x!) }),
    }),
  ),
  ...Object.entries(fromOutput).map(
    ([kernelName, gradient]): GradConfig => ({
      kernelName,
      outputsToSave: [true],
      gradFunc: (dy, [y]) => ({ x: () => gradient(dy as Tensor, y!) }),
    }),
  ),
  ...constants.map(
    (kernelName): GradConfig => ({ kernelName, gradFunc: (dy) => ({ x: () => zerosLike(dy as Tensor) }) }),
  ),
  ...comparisons.map(
    (kernelName): GradConfig => ({
      kernelName,
      inputsToSave: ["a", "b"],
      gradFunc: (_, [a, b]) => ({ a: () => zeros(a!.shape), b: () => zeros(b!.shape) }),
    }),
  ),
  { kernelName: "Neg", gradFunc: (dy) => ({ x: () => neg(dy as Tensor) }) },
  {
    kernelName: "AddN",
    saveAllInputs: true,
    gradFunc: (dy, saved) => Object.fromEntries(saved.map((_, i) => [i, () => clone(dy as Tensor)])),
  },
  {
    kernelName: "ClipByValue",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => {
      const { clipValueMin, clipValueMax } = attrs as { clipValueMin: number; clipValueMax: number };
      const inside = () => logicalAnd(greaterEqual(x!, clipValueMin), lessEqual(x!, clipValueMax));
      return { x: () => mul(dy as Tensor, asFloat(inside())) };
    },
  },
  {
    kernelName: "LeakyRelu",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], { alpha }) => ({
      x: () => where(greater(x!, 0), dy as Tensor, mul(dy as Tensor, alpha as number)),
    }),
  },
  {
    kernelName: "Select",
    inputsToSave: ["condition"],
    gradFunc: (dy, [condition]) => ({
      condition: () => zerosLike(cast(condition!, "float32")),
      t: () => mul(dy as Tensor, asFloat(condition!)),
      e: () => mul(dy as Tensor, sub(1, asFloat(condition!))),
    }),
  },
];
