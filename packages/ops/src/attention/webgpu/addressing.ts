import { dropoutUniformTypes, dropoutWgsl } from "../../dropout/webgpu.ts";
import { dropoutRow } from "../../dropout-mask.ts";

/** What kernels of attention read beside their tensors. */
export const uniformTypes = ({ dropout }: { dropout: boolean }) => ({
  seq: "u32" as const,
  heads: "u32" as const,
  firstBatch: "u32" as const,
  scale: "f32" as const,
  ...(dropout ? dropoutUniformTypes : {}),
});

/** Flat index of a row of q (part 0), k (1) or v (2), and of a row of y or dy; what dropout makes of a score. */
export const addressing = ({ headDim, dropout }: { headDim: number; dropout: boolean }) => `
fn qkvRow(batch: u32, row: u32, head: u32, part: u32) -> u32 {
  return (((batch * uniforms.seq + row) * uniforms.heads + head) * 3u + part) * ${headDim}u;
}
fn outRow(batch: u32, row: u32, head: u32) -> u32 {
  return ((batch * uniforms.seq + row) * uniforms.heads + head) * ${headDim}u;
}
${
  dropout
    ? `${dropoutWgsl()}
fn highWord(batch: u32, head: u32) -> u32 { return (uniforms.firstBatch + batch) * uniforms.heads + head; }
fn dropped(batch: u32, head: u32, query: u32, key: u32) -> f32 {
  return select(0.0, uniforms.keepScale, kept(query * ${dropoutRow}u + key, highWord(batch, head)));
}
// Of four keys from a multiple of 4 on.
fn dropped4(batch: u32, head: u32, query: u32, key: u32) -> vec4<f32> {
  return select(vec4<f32>(), vec4<f32>(uniforms.keepScale), kept4(query * ${dropoutRow}u + key, highWord(batch, head)));
}`
    : ""
}`;
