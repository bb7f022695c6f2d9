import { fault } from "@cramkit/errors";
import {
  cast,
  clone,
  concat,
  type GradConfig,
  gather,
  pad,
  reshape,
  reverse,
  scatterND,
  slice,
  split,
  stack,
  type Tensor,
  type Tensor1D,
  transpose,
  unstack,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { reduceTo } from "./broadcast.ts";

const lists = (tensors: Tensor[]) => Object.fromEntries(tensors.map((tensor, i) => [i, () => tensor]));
const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Moves `axis` to the front, and the permutation that moves it back. */
const frontAndBack = (axis: number, rank: number): [number[], number[]] => {
  const front = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  return [front, front.map((_, i) => front.indexOf(i))];
};

/** Gradient of y = gather(x, indices, axis): dy scattered back, duplicates summed. */
const gatherGradient = (dy: Tensor, x: Tensor, indices: Tensor, axis: number): Tensor => {
  const rank = x.shape.length;
  const flat = reshape(dy, [...x.shape.slice(0, axis), indices.size, ...x.shape.slice(axis + 1)]);
  const [front, back] = frontAndBack(axis, rank);
  const rows = transpose(flat, front); // [count, ...other axes]
  const shape = [x.shape[axis]!, ...rows.shape.slice(1)];
  return transpose(scatterND(reshape(indices, [indices.size, 1]), rows, shape), back);
};

export const shapeGradients = (): GradConfig[] => [
  {
    kernelName: "Reshape",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => reshape(dy as Tensor, x!.shape) }),
  },
  {
    kernelName: "ExpandDims",
    inputsToSave: ["input"],
    gradFunc: (dy, [input]) => ({ input: () => reshape(dy as Tensor, input!.shape) }),
  },
  { kernelName: "Identity", gradFunc: (dy) => ({ x: () => clone(dy as Tensor) }) },
  { kernelName: "Cast", gradFunc: (dy) => ({ x: () => cast(dy as Tensor, "float32") }) },
  {
    kernelName: "Transpose",
    gradFunc: (dy, _, attrs) => {
      const perm = attrs.perm as number[];
      return {
        x: () =>
          transpose(
            dy as Tensor,
            perm.map((_, i) => perm.indexOf(i)),
          ),
      };
    },
  },
  {
    kernelName: "BroadcastTo",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => reduceTo(dy as Tensor, x!.shape) }),
  },
  {
    kernelName: "Slice",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => {
      const begin = attrs.begin as number[];
      const dyTensor = dy as Tensor;
      const paddings = x!.shape.map((length, i): [number, number] => {
        const start = begin[i] ?? 0;
        return [start, length - start - dyTensor.shape[i]!];
      });
      return { x: () => pad(dyTensor, paddings) };
    },
  },
  {
    kernelName: "PadV2",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => {
      const begin = (attrs.paddings as [number, number][]).map(([before]) => before);
      return { x: () => slice(dy as Tensor, begin, x!.shape) };
    },
  },
  {
    kernelName: "Concat",
    saveAllInputs: true,
    gradFunc: (dy, saved, attrs) => {
      const axis = positive(attrs.axis as number, saved[0]!.shape.length);
      return lists(
        split(
          dy as Tensor,
          saved.map((tensor) => tensor.shape[axis]!),
          axis,
        ),
      );
    },
  },
  {
    kernelName: "SplitV",
    gradFunc: (dys, _, attrs) => ({ x: () => concat([dys].flat() as [Tensor, ...Tensor[]], attrs.axis as number) }),
  },
  {
    kernelName: "Pack",
    saveAllInputs: true,
    gradFunc: (dy, _, attrs) => lists(unstack(dy as Tensor, attrs.axis as number)),
  },
  {
    kernelName: "Unpack",
    gradFunc: (dys, _, attrs) => ({ value: () => stack([dys].flat(), attrs.axis as number) }),
  },
  {
    kernelName: "Tile",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => {
      const interleaved = x!.shape.flatMap((length, i) => [(attrs.reps as number[])[i]!, length]);
      const ones = x!.shape.flatMap((length) => [1, length]);
      return { x: () => reshape(reduceTo(reshape(dy as Tensor, interleaved), ones), x!.shape) };
    },
  },
  {
    kernelName: "Reverse",
    gradFunc: (dy, _, attrs) => ({ x: () => reverse(dy as Tensor, attrs.dims as number[]) }),
  },
  {
    kernelName: "GatherV2",
    inputsToSave: ["x", "indices"],
    gradFunc: (dy, saved, attrs) => {
      const [x, indices] = saved as [Tensor, Tensor];
      if (attrs.batchDims)
        throw fault({
          code: "invalid-argument",
          place: "gather gradient",
          problem: `expected batchDims 0, got ${attrs.batchDims}`,
          type: RangeError,
        });
      const axis = positive(attrs.axis as number, x.shape.length);
      return { x: () => gatherGradient(dy as Tensor, x, indices, axis), indices: () => zerosLike(indices) };
    },
  },
  {
    kernelName: "UnsortedSegmentSum",
    inputsToSave: ["segmentIds"],
    gradFunc: (dy, [segmentIds]) => ({ x: () => gather(dy as Tensor, segmentIds as Tensor1D) }),
  },
];
