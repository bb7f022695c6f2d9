import { backend_util, type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../shape.ts";
import type { CudaBackend } from "../backend.ts";
import { compiled } from "../compiled.generated.ts";
import { wordOf } from "./movement.ts";
import { type Call, config, line, refused, structOf } from "./words.ts";

const gather = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const { x, indices } = inputs as Record<"x" | "indices", TensorInfo>;
  const axis = util.parseAxisParam(attrs.axis as number, x.shape)[0]!;
  const shapes = backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, (attrs.batchDims as number) ?? 0);
  const { batchSize, outerSize, dimSize, sliceSize, outputShape } = shapes;
  const y = backend.output(outputShape, x.dtype);
  const n = sizeOf(outputShape);
  const count = sizeOf(indices.shape) / Math.max(1, batchSize);
  backend.launch(compiled, "gather", line(n), [x, indices, y, n, outerSize, count, dimSize, sliceSize]);
  return y;
};

const indexed = (op: string, shape: readonly number[], depth: number): Int32Array =>
  structOf(op, [depth], [shape.slice(0, depth)]);

const gatherNd = ({ inputs, backend }: Call): TensorInfo => {
  const { params, indices } = inputs as Record<"params" | "indices", TensorInfo>;
  const depth = indices.shape.at(-1)!;
  const [shape, , inner] = backend_util.prepareAndValidate(params as never, indices as never);
  const y = backend.output(shape, params.dtype);
  const n = sizeOf(shape);
  backend.launch(compiled, "gather_nd", line(n), [
    ...[params, indices, y, n, inner],
    indexed("GatherNd", params.shape, depth),
  ]);
  return y;
};

/** y [shape] = rows summed at the places that ids name. `depth` leading axes are indexed. */
const scattered = (
  backend: CudaBackend,
  x: TensorInfo,
  ids: TensorInfo,
  shape: readonly number[],
  depth: number,
): TensorInfo => {
  const suffix = { float32: "f", int32: "i" }[x.dtype as string];
  if (!suffix) throw refused("ScatterNd", "numbers", x.dtype);
  const y = backend.output(shape, x.dtype);
  const [n, inner] = [sizeOf(shape), sizeOf(shape.slice(depth))];
  const count = sizeOf(ids.shape) / Math.max(1, depth);
  backend.launch(compiled, `scatter_nd_${suffix}`, line(n), [
    ...[x, ids, y, n, inner, count],
    indexed("ScatterNd", shape, depth),
  ]);
  return y;
};

const scatterNd = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const { indices, updates } = inputs as Record<"indices" | "updates", TensorInfo>;
  return scattered(backend, updates, indices, attrs.shape as number[], indices.shape.at(-1) ?? 1);
};

const segmentSum = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const { x, segmentIds } = inputs as Record<"x" | "segmentIds", TensorInfo>;
  const shape = [attrs.numSegments as number, ...x.shape.slice(segmentIds.shape.length)];
  return scattered(backend, x, segmentIds, shape, 1);
};

const oneHot = ({ inputs, attrs, backend }: Call): TensorInfo => {
  const indices = inputs.indices!;
  const { dtype, depth, onValue, offValue } = attrs as {
    dtype: TensorInfo["dtype"];
    depth: number;
    onValue: number;
    offValue: number;
  };
  const shape = [...indices.shape, depth];
  const y = backend.output(shape, dtype);
  const n = sizeOf(shape);
  const words = [wordOf(onValue, dtype), wordOf(offValue, dtype)];
  backend.launch(compiled, "one_hot", line(n), [indices, y, n, depth, ...words]);
  return y;
};

/** Everything that is told by a tensor which elements are meant. */
export const indexingKernels = (): KernelConfig[] => [
  config("GatherV2", gather),
  config("GatherNd", gatherNd),
  config("ScatterNd", scatterNd),
  config("UnsortedSegmentSum", segmentSum),
  config("OneHot", oneHot),
];
