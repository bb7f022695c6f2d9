import type { TensorInfo } from "@tensorflow/tfjs-core";
import { dropoutUniforms } from "../../dropout/webgpu.ts";
import type { Operand } from "../../webgpu/elementwise.ts";
import { halfResult, readable, wideResult } from "../../webgpu/half.ts";
import { type Attrs, type Host, output, release, webgpuKernel } from "../../webgpu/host.ts";
import { type Part, partOf, partsOf } from "../../webgpu/parts.ts";
import { grid, type Program } from "../../webgpu/program.ts";
import { attentionDeltaProgram } from "./delta.ts";
import { attentionBackwardMatrixProgram, attentionBothMatrixProgram, attentionForwardMatrixProgram } from "./matrix.ts";
import { type AttentionMatrixVariant, attentionMatrixBytes, selectAttentionMatrix } from "./matrix-select.ts";
import { attentionTiles, selectAttention } from "./select.ts";
import { attentionBackwardProgram, attentionBothProgram, attentionForwardProgram } from "./tiled.ts";

interface Shape {
  batch: number;
  seq: number;
  heads: number;
  headDim: number;
}

const shapeOf = (qkv: TensorInfo, heads: number): Shape => {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  return { batch, seq, heads, headDim: width / (3 * heads) };
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Parts along the batch, and the binding of a part of each tensor by the elements that an example has in it. */
const batchParts = (host: Host, { batch, seq, heads, headDim }: Shape, mask: boolean) => {
  const unit =
    256 / Math.min(gcd(256, heads * seq * 4), mask ? gcd(256, seq * 4) : 256, gcd(256, seq * heads * headDim * 2));
  return partsOf(host, batch, seq * heads * headDim * 12, unit);
};

const uniformsOf = ({ seq, heads, headDim }: Shape, attrs: Attrs, part: Part) => ({
  seq,
  heads,
  firstBatch: part.first,
  scale: headDim ** -0.5,
  ...dropoutUniforms(attrs),
});

type Options = { seq: number; headDim: number; mask: boolean; dropout: boolean };
type Direction = "forward" | "query" | "key";

/** The variants on matrices of some directions, or undefined: those pass f16 between them, so either all are on matrices or none. */
const matrixVariants = (host: Host, directions: readonly Direction[], options: Options) => {
  const all = directions.map((direction) => selectAttentionMatrix(direction, host.capabilities, options));
  return all.every((variant) => variant !== undefined) ? all : undefined;
};

/** The shader of a direction and the rows that one of its workgroups owns. */
const shaderOf = (
  { capabilities }: Host,
  direction: Direction,
  matrix: AttentionMatrixVariant | undefined,
  options: Options,
): { shader: Program; own: number } => {
  if (matrix) {
    const { own } = matrix;
    if (direction === "forward") return { shader: attentionForwardMatrixProgram(matrix), own };
    return { shader: attentionBackwardMatrixProgram(matrix, direction), own };
  }
  const tiled = selectAttention(direction, capabilities, options);
  const { own } = attentionTiles[tiled.tile];
  if (direction === "forward") return { shader: attentionForwardProgram(tiled), own };
  return { shader: attentionBackwardProgram(tiled, direction), own };
};

/** Those of the backward pass, and the roles of each: one for both if they have the same tiles. */
const backwardShaders = (
  host: Host,
  matrix: readonly AttentionMatrixVariant[] | undefined,
  options: Options,
): { shader: Program; own: number; roles: number }[] => {
  const directions = ["query", "key"] as const;
  if (matrix) {
    const [query, key] = matrix as [AttentionMatrixVariant, AttentionMatrixVariant];
    const fits = attentionMatrixBytes("backward", key) <= host.capabilities.limits.maxComputeWorkgroupStorageSize;
    if (fits && query.own === key.own && query.other === key.other)
      return [{ shader: attentionBothMatrixProgram(key), own: key.own, roles: 2 }];
  } else {
    const [query, key] = directions.map((direction) => selectAttention(direction, host.capabilities, options));
    if (query!.tile === key!.tile)
      return [{ shader: attentionBothProgram(key!), own: attentionTiles[key!.tile].own, roles: 2 }];
  }
  return directions.map((direction, i) => ({ ...shaderOf(host, direction, matrix?.[i], options), roles: 1 }));
};

const float32 = (tensor: TensorInfo): Operand => ({ bound: tensor, half: false });

export const attentionWebgpu = [
  webgpuKernel("CramkitAttention", (host, { qkv, mask }, attrs) => {
    const shape = shapeOf(qkv!, attrs.heads as number);
    const { batch, seq, heads, headDim } = shape;
    const options = { seq, headDim, mask: mask !== undefined, dropout: (attrs.rate as number) > 0 };
    const [matrix] = matrixVariants(host, ["forward"], options) ?? [];
    const input = matrix ? readable(host, qkv!) : float32(qkv!);
    const y = (matrix ? halfResult : wideResult)(host, [batch, seq, heads * headDim]);
    const halves = { qkv: input.half, dy: false, out: y.half };
    const { shader, own } = shaderOf(host, "forward", matrix && { ...matrix, halves }, options);
    const lse = output(host, [batch, heads, seq]);
    for (const part of batchParts(host, shape, options.mask)) {
      const of = ({ bound, half }: Operand, elements: number) => partOf(bound, batch, elements * (half ? 2 : 4), part);
      host.dispatch(
        shader,
        [
          of(input, seq * heads * headDim * 3),
          ...(mask ? [of(float32(mask), seq)] : []),
          of({ bound: y.written, half: y.half }, seq * heads * headDim),
          of(float32(lse), heads * seq),
        ],
        uniformsOf(shape, attrs, part),
        [Math.ceil(seq / own), heads, part.count],
      );
    }
    return [y.tensor, lse];
  }),
  webgpuKernel("CramkitAttentionGrad", (host, { dy, qkv, y, lse, mask }, attrs) => {
    const shape = shapeOf(qkv!, attrs.heads as number);
    const { batch, seq, heads, headDim } = shape;
    const options = { seq, headDim, mask: mask !== undefined, dropout: (attrs.rate as number) > 0 };
    const roles = ["query", "key"] as const;
    const matrix = matrixVariants(host, roles, options);
    const [upstream, input, value] = [dy!, qkv!, y!].map((x) => (matrix ? readable(host, x) : float32(x))) as [
      Operand,
      Operand,
      Operand,
    ];
    const delta = matrix && output(host, lse!.shape);
    const dqkv = (matrix ? halfResult : wideResult)(host, qkv!.shape);
    const halves = { qkv: input.half, dy: upstream.half, out: dqkv.half };
    const shaders = backwardShaders(
      host,
      matrix?.map((variant) => ({ ...variant, halves })),
      options,
    );
    for (const part of batchParts(host, shape, options.mask)) {
      const of = ({ bound, half }: Operand, elements: number) => partOf(bound, batch, elements * (half ? 2 : 4), part);
      const [width, lines] = [seq * heads * headDim, heads * seq];
      const count = part.count * lines;
      if (delta)
        host.dispatch(
          attentionDeltaProgram(headDim, [upstream.half, value.half]),
          [of(upstream, width), of(value, width), of(float32(delta), lines)],
          { count, seq, heads },
          grid(Math.ceil(count / 64)),
        );
      for (const { shader, own, roles } of shaders) {
        host.dispatch(
          shader,
          [
            of(upstream, width),
            of(input, width * 3),
            ...(mask ? [of(float32(mask), seq)] : []),
            of(float32(lse!), lines),
            delta ? of(float32(delta), lines) : of(value, width),
            of({ bound: dqkv.written, half: dqkv.half }, width * 3),
          ],
          uniformsOf(shape, attrs, part),
          [roles * Math.ceil(seq / own), heads, part.count],
        );
      }
    }
    if (delta) release(host, delta);
    return dqkv.tensor;
  }),
];
