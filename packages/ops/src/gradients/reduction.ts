import {
  cast,
  cumsum,
  div,
  equal,
  exp,
  type GradConfig,
  matMul,
  mul,
  sub,
  sum,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { axesOf, keepAxes, reduceTo, spread } from "./broadcast.ts";

type Axis = number | number[] | undefined;

/** The gradient goes to every element that equals the extremum. */
const extremum = (kernelName: string): GradConfig => ({
  kernelName,
  inputsToSave: ["x"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, y] = saved as [Tensor, Tensor];
    const axes = axesOf((attrs.reductionIndices ?? attrs.axis) as Axis, x.shape.length);
    return {
      x: () => mul(keepAxes(dy as Tensor, axes, x.shape), cast(equal(x, keepAxes(y, axes, x.shape)), "float32")),
    };
  },
});

export const reductionGradients = (): GradConfig[] => [
  {
    kernelName: "Sum",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => ({
      x: () => spread(dy as Tensor, axesOf(attrs.axis as Axis, x!.shape.length), x!.shape),
    }),
  },
  {
    kernelName: "Mean",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => {
      const axes = axesOf(attrs.axis as Axis, x!.shape.length);
      const count = axes.reduce((product, axis) => product * x!.shape[axis]!, 1);
      return { x: () => spread(div(dy as Tensor, count), axes, x!.shape) };
    },
  },
  extremum("Max"),
  extremum("Min"),
  {
    kernelName: "Cumsum",
    inputsToSave: ["x"],
    gradFunc: (dy, _, attrs) => ({
      x: () => cumsum(dy as Tensor, attrs.axis as number, attrs.exclusive as boolean, !attrs.reverse),
    }),
  },
  {
    // (dy - sum(dy y)) y
    kernelName: "Softmax",
    outputsToSave: [true],
    gradFunc: (dy, [y], attrs) => {
      const weighted = mul(dy as Tensor, y!);
      return { logits: () => sub(weighted, mul(sum(weighted, attrs.dim as number, true), y!)) };
    },
  },
  {
    // dy - sum(dy) exp(y)
    kernelName: "LogSoftmax",
    outputsToSave: [true],
    gradFunc: (dy, [y], attrs) => ({
      logits: () => sub(dy as Tensor, mul(sum(dy as Tensor, attrs.axis as number, true), exp(y!))),
    }),
  },
  {
    kernelName: "BatchMatMul",
    inputsToSave: ["a", "b"],
    gradFunc: (dy, saved, attrs) => {
      const [a, b] = saved as [Tensor, Tensor];
      const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
      const y = dy as Tensor;
      const forA = () => (transposeA ? matMul(b, y, transposeB, true) : matMul(y, b, false, !transposeB));
      const forB = () => (transposeB ? matMul(y, a, true, transposeA) : matMul(a, y, !transposeA, false));
      return { a: () => reduceTo(forA(), a.shape), b: () => reduceTo(forB(), b.shape) };
    },
  },
];
