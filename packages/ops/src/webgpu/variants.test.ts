import { describe, expect, it } from "vitest";
import { attentionMatrixBytes, attentionVariants, selectAttentionMatrix } from "../attention/webgpu/matrix-select.ts";
import { attentionBytes, attentionTiles, selectAttention } from "../attention/webgpu/select.ts";
import { attentionBackwardProgram, attentionForwardProgram } from "../attention/webgpu/tiled.ts";
import { chunkRows, softmaxLossProgram } from "../masked-cross-entropy/webgpu.ts";
import { adamwProgram } from "../optimizer/webgpu.ts";
import { h200 } from "../testing/h200.testing.ts";
import { matrixBytes, matrixKey, matrixProgram } from "./gemm/matrix.ts";
import { gemmVariants, selectMatrix, selectTiled } from "./gemm/select.ts";
import { tiledBytes, tiledKey, tiledProgram } from "./gemm/tiled.ts";
import type { Host } from "./host.ts";
import { chooseUnit } from "./matrix.ts";
import { partsOf } from "./parts.ts";

const float32 = { ...h200, tier: "float32" as const };
const float16 = { ...h200, tier: "float16" as const };
const lavapipe = {
  ...h200,
  limits: { ...h200.limits, maxComputeWorkgroupStorageSize: 32768 },
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
  matrix: [{ m: 8, n: 8, k: 8 }],
};
const phone = {
  ...float32,
  limits: { ...h200.limits, maxComputeWorkgroupStorageSize: 16384, maxStorageBufferBindingSize: 2 ** 27 },
};

describe("the choice of a matrix product", () => {
  // [what, form, m, n, k, tiled variant and its parts of k, matrix variant and its parts of k]
  it.each([
    [
      "qkv of crammed-bert",
      "nt",
      8192,
      2304,
      768,
      "gemm.nt.tiled.f32.128x128.tall.a4-b4-c4-spread",
      1,
      "gemm.nt.matrix.16x16x16.sg32.256x128.direct",
      1,
    ],
    [
      "its input gradient",
      "nn",
      8192,
      768,
      2304,
      "gemm.nn.tiled.f32.128x128.tall.a4-b4-c4-spread",
      1,
      "gemm.nn.matrix.16x16x16.sg32.128x256.direct",
      1,
    ],
    [
      "its weight gradient",
      "tn",
      2304,
      768,
      8192,
      "gemm.tn.tiled.f32.128x128.tall.a4-b4-c4",
      7,
      "gemm.tn.matrix.16x16x16.sg32.128x128.direct",
      7,
    ],
    [
      "a square weight's",
      "tn",
      768,
      768,
      8192,
      "gemm.tn.tiled.f32.128x128.tall.a4-b4-c4",
      7,
      "gemm.tn.matrix.16x16x16.sg32.128x128.direct",
      7,
    ],
    [
      "a small layer's",
      "tn",
      256,
      256,
      2048,
      "gemm.tn.tiled.f32.64x64.a4-b4-c4",
      4,
      "gemm.tn.matrix.16x16x16.sg32.64x64.direct",
      4,
    ],
    [
      "an odd one",
      "nt",
      100,
      23,
      129,
      "gemm.nt.tiled.f32.32x32.a1-b1-c1-spread-edges",
      1,
      "gemm.nt.matrix.16x16x16.sg32.64x64.staged-c1",
      1,
    ],
    ["a tiny one", "nn", 7, 3, 5, "gemm.nn.tiled.f32.32x32.a1-b1-c1-spread-edges", 1, undefined, 0],
  ] as const)("%s: %s %i x %i x %i", (_, form, m, n, k, tiledName, tiledSplits, matrixName, matrixSplits) => {
    const tiled = selectTiled(float32, { form, m, n, k });
    expect([tiledKey(tiled.variant), tiled.splits]).toEqual([tiledName, tiledSplits]);
    const matrix = selectMatrix(h200, { form, m, n, k });
    expect(matrix && [matrixKey(matrix.variant), matrix.splits]).toEqual(matrixName && [matrixName, matrixSplits]);
  });

  it("fills the rounds of a large GPU with the weight gradients of crammed-bert", () => {
    const places = 264;
    for (const [m, n] of [
      [2304, 768],
      [768, 768],
      [3072, 768],
      [768, 1536],
    ] as const)
      for (const { splits, kPerGroup } of [
        selectTiled(float32, { form: "tn", m, n, k: 16384 }),
        selectMatrix(h200, { form: "tn", m, n, k: 16384 })!,
      ]) {
        const rounds = ((m / 128) * (n / 128) * splits) / places;
        expect(rounds / Math.ceil(rounds)).toBeGreaterThan(0.9);
        expect(kPerGroup).toBeGreaterThanOrEqual(1024);
      }
  });

  it("has names for a sweep, and falls back where a tile does not fit", () => {
    const names = gemmVariants().filter(({ tiers }) => tiers.includes("matrix"));
    const [large, small] = [
      { form: "nt" as const, m: 8192, n: 2304, k: 768 },
      { form: "nt" as const, m: 64, n: 64, k: 64 },
    ];
    const chosen = (shape: typeof large) =>
      names.map(({ name }) => `matrix.${selectMatrix({ ...h200, variants: { gemm: name } }, shape)?.variant.tile}`);
    expect(chosen(large)).toEqual(names.map(({ name }) => name));
    expect(new Set(chosen(small))).toEqual(new Set(["matrix.64x64"]));
    const split = { ...h200, variants: { gemmSplits: "2" } };
    expect(selectMatrix(split, large)!.splits).toBe(2);
    for (const { name } of gemmVariants().filter(({ tiers }) => tiers.includes("float32")))
      expect(selectTiled({ ...float32, variants: { gemm: name } }, large).variant.tile).toBe(name);
    expect(selectTiled({ ...float32, variants: { gemmSplits: "4" } }, { ...large, k: 4096 }).splits).toBe(4);
  });

  it("spreads the rows of a tile over the banks where there is memory for it", () => {
    const shape = { form: "nt" as const, m: 8192, n: 768, k: 768 };
    expect(selectTiled(float32, shape).variant.spread).toBe(true);
    const { variant } = selectTiled(phone, shape);
    expect([variant.tile, variant.spread, tiledBytes(variant)]).toEqual(["128x128", false, 16384]);
  });

  it("covers k whatever the division", () => {
    for (const k of [1, 31, 1024, 2100, 131_072]) {
      const shape = { form: "tn" as const, m: 64, n: 64, k };
      for (const choice of [
        selectTiled(float32, shape),
        selectMatrix({ ...h200, variants: { gemm: "matrix" } }, shape)!,
      ])
        expect(choice.splits * choice.kPerGroup).toBeGreaterThanOrEqual(k);
    }
  });

  it("stages where something is added or scaled, and adds a bias after the parts", () => {
    const shape = { form: "nt" as const, m: 8192, n: 768, k: 768 };
    expect(selectMatrix(h200, shape)!.variant.direct).toBe(true);
    for (const more of [{ bias: true }, { accumulate: true }, { alpha: 0.5 }])
      expect(selectMatrix(h200, { ...shape, ...more })!.variant.direct).toBe(false);
    const divided = selectMatrix(h200, { form: "tn", m: 256, n: 256, k: 8192, bias: true, alpha: 0.5 })!;
    expect(divided).toMatchObject({ variant: { direct: true, bias: false } });
  });

  it("has no matrices below their tier, without room or without a unit that divides the tiles", () => {
    const shape = { form: "nt" as const, m: 8192, n: 768, k: 768 };
    expect(selectMatrix(float16, shape)).toBeUndefined();
    expect(selectMatrix({ ...h200, matrix: [{ m: 12, n: 16, k: 16 }] }, shape)).toBeUndefined();
    expect(
      selectMatrix({ ...h200, limits: { ...h200.limits, maxComputeWorkgroupStorageSize: 8192 } }, shape),
    ).toBeUndefined();
    expect(
      selectMatrix({ ...h200, limits: { ...h200.limits, maxComputeWorkgroupStorageSize: 16384 } }, shape)!.variant.tile,
    ).toBe("64x64");
  });

  it("obeys a variant that is asked for by name", () => {
    const shape = { form: "nt" as const, m: 512, n: 512, k: 64 };
    expect(selectTiled({ ...float32, variants: { gemm: "32x32" } }, shape).variant.tile).toBe("32x32");
    expect(selectMatrix({ ...h200, variants: { gemm: "32x32" } }, shape)).toBeUndefined();
    expect(selectMatrix({ ...h200, variants: { gemm: "matrix.128x128" } }, shape)!.variant.tile).toBe("128x128");
  });

  it("takes the unit with the most work an instruction", () => {
    expect(chooseUnit(h200)).toEqual({ m: 16, n: 16, k: 16, spelling: "new", subgroup: 32, fixed: true });
    expect(chooseUnit(lavapipe)).toEqual({ m: 8, n: 8, k: 8, spelling: "new", subgroup: 8, fixed: true });
    expect(chooseUnit({ ...h200, matrixSpelling: undefined })).toBeUndefined();
  });

  it("stays below 16 KiB with 64 x 64 and 24 KiB with 128 x 128", () => {
    const unit = chooseUnit(h200)!;
    for (const form of ["nn", "nt", "tn"] as const) {
      expect(matrixBytes({ form, tile: "64x64", unit, direct: true })).toBeLessThanOrEqual(16384);
      expect(matrixBytes({ form, tile: "128x128", unit, direct: true })).toBeLessThanOrEqual(24576);
    }
  });
});

describe("the choice of attention tiles", () => {
  it("has names for a sweep, and falls back where a tile does not fit", () => {
    const shape = { seq: 128, headDim: 64, mask: false, dropout: false };
    const chosen = ({ name }: { name: string }) => {
      const capabilities = { ...h200, variants: { attention: name } };
      const matrix = selectAttentionMatrix("forward", capabilities, shape);
      return matrix
        ? `matrix.${matrix.own}x${matrix.other}`
        : `tiled.${selectAttention("forward", capabilities, shape).tile}`;
    };
    expect(attentionVariants().map(chosen)).toEqual([
      ...Object.keys(attentionTiles).map((tile) => `tiled.${tile}`),
      // An own tile of 32 rows leaves 8 to each of four subgroups, and these units have 16.
      ...["matrix.64x64", "matrix.64x32", "matrix.64x16", "matrix.64x64", "matrix.64x64"],
    ]);
    expect(selectAttention("key", { ...phone, variants: { attention: "tiled.64x32.4x4" } }, shape).tile).toBe(
      "32x16.4x4",
    );
  });

  it("gives whole columns of four scores and all rows to the invocations of a tile", () => {
    for (const { own, other, rows, columns } of Object.values(attentionTiles))
      expect([own % rows, other % columns, columns % 4]).toEqual([0, 0, 0]);
  });

  it.each([
    ["forward", float32, 128, 64, "64x64.4x8"],
    ["query", float32, 128, 64, "64x64.4x8"],
    ["key", float32, 128, 64, "64x64.4x8"],
    ["key", float16, 128, 64, "64x64.4x8"],
    ["key", float32, 128, 128, "32x32.4x4"],
    ["forward", phone, 128, 64, "32x16.4x4"],
    ["key", phone, 128, 64, "32x16.4x4"],
    ["forward", phone, 128, 128, "8x8.1x4"],
    ["forward", phone, 128, 256, "4x4.1x4"],
    ["forward", float32, 23, 64, "16x16.2x4"],
    ["forward", float32, 7, 64, "8x8.1x4"],
  ] as const)("%s, case %#", (direction, capabilities, seq, headDim, tile) => {
    const variant = selectAttention(direction, capabilities, { seq, headDim, mask: false, dropout: false });
    expect(variant.tile).toBe(tile);
    expect(attentionBytes(direction, variant)).toBeLessThanOrEqual(capabilities.limits.maxComputeWorkgroupStorageSize);
  });

  it.each([
    ["forward", h200, 64, "64x64"],
    ["query", h200, 64, "64x32"],
    ["key", h200, 64, "64x32"],
    ["key", h200, 128, undefined],
    ["forward", lavapipe, 64, "64x32"],
    ["query", lavapipe, 64, "64x16"],
    ["key", lavapipe, 64, "32x32"],
    ["forward", lavapipe, 8, "64x64"],
    ["forward", h200, 8, undefined],
    ["forward", h200, 20, undefined],
    ["forward", float16, 64, undefined],
    ["forward", { ...h200, variants: { attention: "tiled" } }, 64, undefined],
  ] as const)("on matrices, %s, case %#", (direction, capabilities, headDim, tiles) => {
    const variant = selectAttentionMatrix(direction, capabilities, { seq: 512, headDim, mask: false, dropout: false });
    expect(variant && `${variant.own}x${variant.other}`).toBe(tiles);
    if (variant)
      expect(attentionMatrixBytes(direction, variant)).toBeLessThanOrEqual(
        capabilities.limits.maxComputeWorkgroupStorageSize,
      );
  });

  it("takes no more memory for both directions of the backward pass than a device has where they have one tile", () => {
    const variant = selectAttentionMatrix("key", h200, { seq: 128, headDim: 64, mask: true, dropout: true })!;
    expect(attentionMatrixBytes("backward", variant)).toBeGreaterThanOrEqual(attentionMatrixBytes("key", variant));
    expect(attentionMatrixBytes("backward", variant)).toBeLessThanOrEqual(h200.limits.maxComputeWorkgroupStorageSize);
  });

  it("refuses heads that fit nowhere", () => {
    const shape = { seq: 128, headDim: 4096, mask: false, dropout: false };
    expect(() => selectAttention("forward", phone, shape)).toThrow("use more heads");
  });
});

describe("parts", () => {
  const host = { capabilities: phone } as unknown as Host;

  it("are whole where everything fits, else cut at multiples of 64 rows", () => {
    expect(partsOf(host, 1000, 4096)).toEqual([{ first: 0, count: 1000 }]);
    expect(partsOf(host, 50_000, 4096)).toEqual([
      { first: 0, count: 32768 },
      { first: 32768, count: 17232 },
    ]);
    expect(() => partsOf(host, 64, 2 ** 22)).toThrow("expected 64 rows to fit a binding");
  });

  it("chunks of logits are multiples of 64 rows within the binding", () => {
    expect(chunkRows(0, 8192, 32768, 2 ** 31 - 4)).toBe(2048);
    expect(chunkRows(0, 8192, 32768, 2 ** 27)).toBe(1024);
    expect(chunkRows(7, 8192, 32768, 2 ** 31 - 4)).toBe(64);
    expect(chunkRows(7, 23, 100, 2 ** 31 - 4)).toBe(23);
  });
});

describe("shader text", () => {
  const unit = chooseUnit(h200)!;
  const base = {
    ...{ form: "nt" as const, unit, tile: "64x64" as const, direct: true, half: false, vectors: true },
    ...{ bias: false, accumulate: false },
  };

  it("loads matrices in the spelling of the device", () => {
    const now = matrixProgram(base).wgsl();
    expect(now).toContain(
      "subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&aSlice[aPart], (0u + 16u) / 4u, (40u) / 4u)",
    );
    expect(now).toContain(
      "subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, col_major>(&bSlice[bPart], (0u + 16u) / 4u, (40u) / 4u)",
    );
    const old = matrixProgram({ ...base, unit: { ...unit, spelling: "old" } }).wgsl();
    expect(old).toContain(
      "subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&aSlice[aPart], 0u + 16u, false, 40u)",
    );
    expect(old).not.toContain("row_major");
  });

  it("accumulates in float32 and enables what it uses", () => {
    const text = matrixProgram(base).wgsl();
    expect(text).toMatch(/^diagnostic\(off, chromium.subgroup_matrix_uniformity\);\nenable f16;\nenable subgroups;/);
    expect(text).toContain("subgroup_matrix_result<f32, 16, 16>()");
    expect(text).not.toContain("result<f16");
    const { variant } = selectTiled(float16, { form: "tn", m: 64, n: 64, k: 64 });
    expect(tiledProgram(variant).wgsl()).toContain("fma(vec4<f32>(a0.x), b0, c0_0)");
  });

  it("binds uniforms apart from tensors", () => {
    for (const program of [
      tiledProgram(selectTiled(float32, { form: "nn", m: 64, n: 64, k: 64 }).variant),
      softmaxLossProgram("half", true),
      attentionForwardProgram(
        selectAttention("forward", float32, { seq: 128, headDim: 64, mask: true, dropout: true }),
      ),
      attentionBackwardProgram(
        selectAttention("key", float32, { seq: 128, headDim: 64, mask: true, dropout: true }),
        "key",
      ),
    ]) {
      expect(program.wgsl()).toContain("@group(1) @binding(0) var<uniform> uniforms: Uniforms;");
      expect(program.wgsl().match(/@group\(0\)/g)).toHaveLength(program.access.length);
    }
  });

  it("is readable", () => {
    expect(adamwProgram(1, true, true).wgsl()).toMatchInlineSnapshot(`
      "enable f16;
      struct Uniforms {
        learningRate: f32,
        b1: f32,
        b2: f32,
        epsilon: f32,
        correction1: f32,
        correction2: f32,
        count0: u32,
        weightDecay0: f32,
      }
      @group(0) @binding(0) var<storage, read_write> param0: array<T>;
      @group(0) @binding(1) var<storage, read> grad0: array<T>;
      @group(0) @binding(2) var<storage, read_write> mu0: array<T>;
      @group(0) @binding(3) var<storage, read_write> nu0: array<T>;
      @group(0) @binding(4) var<storage, read_write> half0: array<vec4<f16>>;
      @group(0) @binding(5) var<storage, read> gradScale: array<f32>;
      @group(1) @binding(0) var<uniform> uniforms: Uniforms;
      alias T = vec4<f32>;
      struct Next {
        param: T,
        mu: T,
        nu: T,
      }
      fn updated(param: T, g: T, mu: T, nu: T, weightDecay: f32) -> Next {
        let m = uniforms.b1 * mu + (1.0 - uniforms.b1) * g;
        let v = uniforms.b2 * nu + (1.0 - uniforms.b2) * g * g;
        let step = m / uniforms.correction1 / (sqrt(v / uniforms.correction2) + uniforms.epsilon) + weightDecay * param;
        return Next(param - uniforms.learningRate * step, m, v);
      }
      @compute @workgroup_size(256)
      fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
        let scale = gradScale[0];
        if (scale == 0.0 || (bitcast<u32>(scale) & 0x7f800000u) == 0x7f800000u) { return; }
        let index = group.x + group.y * groups.x;
        let end0 = (uniforms.count0 + 255u) / 256u;
        if (index >= end0) { return; }
        if (index < end0) {
          let start = index * 256u;
          let i = start + lane;
          if (i < uniforms.count0) {
            let next = updated(param0[i], grad0[i] * scale, mu0[i], nu0[i], uniforms.weightDecay0);
            param0[i] = next.param;
            mu0[i] = next.mu;
            nu0[i] = next.nu;
            half0[i] = vec4<f16>(next.param);
          }
        }
      }
      "
    `);
  });
});
