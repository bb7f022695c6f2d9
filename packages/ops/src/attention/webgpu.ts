import type { TensorInfo } from "@tensorflow/tfjs-core";
import { dropoutUniforms } from "../dropout/webgpu.ts";
import { type Attrs, type Host, output, release, webgpuKernel } from "../webgpu/host.ts";
import { type Part, partOf, partsOf } from "../webgpu/parts.ts";
import { grid, type Program } from "../webgpu/program.ts";
import {
  attentionBackwardMatrixProgram,
  attentionForwardMatrixProgram,
  selectAttentionMatrix,
} from "./webgpu-matrix.ts";
import { selectAttention } from "./webgpu-select.ts";
import { attentionBackwardProgram, attentionDeltaProgram, attentionForwardProgram } from "./webgpu-tiled.ts";

interface Shape {
  batch: number;
  seq: number;
  heads: number;
  headDim: number;
}

function shapeOf(qkv: TensorInfo, heads: number): Shape {
  const [batch, seq, width] = qkv.shape as [number, number, number];
  return { batch, seq, heads, headDim: width / (3 * heads) };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Parts along the batch, and the binding of a part of each tensor by the elements that an example has in it. */
function batchParts(host: Host, { batch, seq, heads, headDim }: Shape, mask: boolean) {
  const unit =
    256 / Math.min(gcd(256, heads * seq * 4), mask ? gcd(256, seq * 4) : 256, gcd(256, seq * heads * headDim * 4));
  return partsOf(host, batch, seq * heads * headDim * 12, unit);
}

const uniformsOf = ({ seq, heads, headDim }: Shape, attrs: Attrs, part: Part) => ({
  seq,
  heads,
  firstBatch: part.first,
  scale: headDim ** -0.5,
  ...dropoutUniforms(attrs.rate as number, attrs.seed as number, attrs.stream as number),
});

/** The shader of a direction and the rows that one of its workgroups owns: on matrices where the device can. */
function shaderOf(
  { capabilities }: Host,
  direction: "forward" | "query" | "key",
  options: { seq: number; headDim: number; mask: boolean; dropout: boolean },
): { shader: Program; own: number } {
  const matrix = selectAttentionMatrix(direction, capabilities, options);
  if (matrix) {
    const { own } = matrix;
    if (direction === "forward") return { shader: attentionForwardMatrixProgram(matrix), own };
    return { shader: attentionBackwardMatrixProgram(matrix, direction), own };
  }
  const tiled = selectAttention(direction, capabilities, options);
  const { own } = tiled;
  if (direction === "forward") return { shader: attentionForwardProgram(tiled), own };
  return { shader: attentionBackwardProgram(tiled, direction), own };
}

export const attentionWebgpu = [
  webgpuKernel("CramkitAttention", (host, { qkv, mask }, attrs) => {
    const shape = shapeOf(qkv!, attrs.heads as number);
    const { batch, seq, heads, headDim } = shape;
    const y = output(host, [batch, seq, heads * headDim]);
    const lse = output(host, [batch, heads, seq]);
    const options = { seq, headDim, mask: mask !== undefined, dropout: (attrs.rate as number) > 0 };
    const { shader, own } = shaderOf(host, "forward", options);
    for (const part of batchParts(host, shape, options.mask)) {
      const of = (tensor: TensorInfo, elements: number) => partOf(tensor, batch, elements * 4, part);
      host.dispatch(
        shader,
        [
          of(qkv!, seq * heads * headDim * 3),
          ...(mask ? [of(mask, seq)] : []),
          of(y, seq * heads * headDim),
          of(lse, heads * seq),
        ],
        uniformsOf(shape, attrs, part),
        [Math.ceil(seq / own), heads, part.count],
      );
    }
    return [y, lse];
  }),
  webgpuKernel("CramkitAttentionGrad", (host, { dy, qkv, y, lse, mask }, attrs) => {
    const shape = shapeOf(qkv!, attrs.heads as number);
    const { batch, seq, heads, headDim } = shape;
    const dqkv = output(host, qkv!.shape);
    const delta = output(host, lse!.shape);
    const options = { seq, headDim, mask: mask !== undefined, dropout: (attrs.rate as number) > 0 };
    for (const part of batchParts(host, shape, options.mask)) {
      const of = (tensor: TensorInfo, elements: number) => partOf(tensor, batch, elements * 4, part);
      const [width, lines] = [seq * heads * headDim, heads * seq];
      const count = part.count * lines;
      host.dispatch(
        attentionDeltaProgram(headDim),
        [of(dy!, width), of(y!, width), of(delta, lines)],
        { count, seq, heads },
        grid(Math.ceil(count / 64)),
      );
      for (const role of ["query", "key"] as const) {
        const { shader, own } = shaderOf(host, role, options);
        host.dispatch(
          shader,
          [
            of(dy!, width),
            of(qkv!, width * 3),
            ...(mask ? [of(mask, seq)] : []),
            of(lse!, lines),
            of(delta, lines),
            of(dqkv, width * 3),
          ],
          uniformsOf(shape, attrs, part),
          [Math.ceil(seq / own), heads, part.count],
        );
      }
    }
    release(host, delta);
    return dqkv;
  }),
];
