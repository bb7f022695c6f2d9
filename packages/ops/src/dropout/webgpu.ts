import { dropoutThreshold } from "../dropout-mask.ts";
import { type Elementwise, elementwise } from "../webgpu/elementwise.ts";
import { output, webgpuKernel } from "../webgpu/host.ts";

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
/** What is added to x and to y after each group of four rounds. */
const injections = [
  ["key1", "key2"],
  ["key2", "key0"],
  ["key0", "key1"],
  ["key1", "key2"],
  ["key2", "key0"],
] as const;

/** Threefry-2x32 of @cramkit/random, word for word, for one counter (u32) or for two (vec2<u32>). */
const threefryWgsl = (name: string, type: "u32" | "vec2<u32>"): string => `
struct ${name}Words { x: ${type}, y: ${type} }
fn ${name}(counter0: ${type}, counter1: u32) -> ${name}Words {
  let key0 = uniforms.key0;
  let key1 = uniforms.key1;
  let key2 = 0x1bd11bdau ^ key0 ^ key1;
  var x = counter0 + ${type}(key0);
  var y = ${type}(counter1 + key1);
${injections
  .map(([first, second], group) =>
    [
      ...rotations[(group % 2) as 0 | 1].map(
        (by) => `  x += y; y = ((y << ${type}(${by}u)) | (y >> ${type}(${32 - by}u))) ^ x;`,
      ),
      `  x += ${type}(${first}); y += ${type}(${second} + ${group + 1}u);`,
    ].join("\n"),
  )
  .join("\n")}
  return ${name}Words(x, y);
}`;

const keptWgsl = (): string => `${threefryWgsl("threefry", "u32")}
${threefryWgsl("threefryPair", "vec2<u32>")}
fn kept(i: u32, high: u32) -> bool {
  let words = threefry(i >> 1u, high);
  return select(words.x, words.y, (i & 1u) == 1u) >= uniforms.threshold;
}
// Of the four elements from i on, an even number.
fn kept4(i: u32, high: u32) -> vec4<bool> {
  let words = threefryPair(vec2<u32>(i >> 1u) + vec2<u32>(0u, 1u), high);
  return vec4<u32>(words.x.x, words.y.x, words.x.y, words.y.y) >= vec4<u32>(uniforms.threshold);
}`;

let text: string | undefined;

/** Whether elements are kept, bit for bit as in dropout-mask.ts; `high` is the high word of the counter. */
export const dropoutWgsl = (): string => {
  text ??= keptWgsl(); // dispatches must not put it together again
  return text;
};

export const dropoutUniformTypes = { key0: "u32", key1: "u32", threshold: "u32", keepScale: "f32" } as const;

/** Uniform values of a dropout; a rate of 0 keeps everything. */
export const dropoutUniforms = (attrs: Readonly<Record<string, unknown>>): Record<string, number> => {
  const { rate, key0, key1 } = attrs as { rate: number; key0: number; key1: number };
  return { key0, key1, threshold: dropoutThreshold(rate), keepScale: 1 / (1 - rate) };
};

const kernel = (vectors: boolean): Elementwise => ({
  key: "dropout",
  storage: { x: "read", y: "write" },
  uniforms: dropoutUniformTypes,
  declare: dropoutWgsl(),
  main: vectors
    ? `let e = uniforms.first + i;
y[i] = select(T(0.0), T(x[i]) * uniforms.keepScale, kept4(e * 4u, 0u));`
    : "y[i] = select(0.0, T(x[i]) * uniforms.keepScale, kept(uniforms.first + i, 0u));",
});

export const dropoutWebgpu = [
  webgpuKernel("CramkitDropout", (host, { x }, attrs) => {
    const y = output(host, x!.shape);
    const vectors = x!.shape.reduce((a, b) => a * b, 1) % 4 === 0;
    elementwise(host, kernel(vectors), [x!, y], dropoutUniforms(attrs));
    return y;
  }),
];
