import { dropoutKeys, dropoutThreshold } from "../counter-hash.ts";
import { type Elementwise, elementwise } from "../webgpu/elementwise.ts";
import { output, webgpuKernel } from "../webgpu/host.ts";

/** WGSL of `dropoutHash`: bit for bit the one of the reference. */
export const hashWgsl = `fn mix(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}
fn kept(i: u32) -> bool { return mix(mix(i ^ uniforms.key0) + uniforms.key1) >= uniforms.threshold; }`;

export const dropoutUniformTypes = { key0: "u32", key1: "u32", threshold: "u32", keepScale: "f32" } as const;

/** Uniform values of a dropout; a rate of 0 keeps everything. */
export function dropoutUniforms(rate: number, seed: number, stream: number): Record<string, number> {
  const [key0, key1] = dropoutKeys(seed, stream);
  return { key0, key1, threshold: dropoutThreshold(rate), keepScale: 1 / (1 - rate) };
}

const kernel = (vectors: boolean): Elementwise => ({
  key: "dropout",
  storage: { x: "read", y: "write" },
  uniforms: dropoutUniformTypes,
  declare: hashWgsl,
  main: vectors
    ? `let e = (uniforms.first + i) * 4u;
let keep = vec4<bool>(kept(e), kept(e + 1u), kept(e + 2u), kept(e + 3u));
y[i] = select(T(0.0), T(x[i]) * uniforms.keepScale, keep);`
    : "y[i] = select(0.0, T(x[i]) * uniforms.keepScale, kept(uniforms.first + i));",
});

export const dropoutWebgpu = [
  webgpuKernel("CramkitDropout", (host, { x }, { rate, seed, stream }) => {
    const y = output(host, x!.shape);
    const vectors = x!.shape.reduce((a, b) => a * b, 1) % 4 === 0;
    elementwise(host, kernel(vectors), [x!, y], dropoutUniforms(rate as number, seed as number, stream as number));
    return y;
  }),
];
