import { expect, it } from "vitest";
import { h200 } from "../../testing/h200.testing.ts";
import type { Capabilities } from "../host.ts";
import { subgroupSizes } from "../subgroup-size.ts";
import { matrixBytes, matrixKey, matrixProgram } from "./matrix.ts";
import { epilogueVariants, selectMatrix, selectTiled } from "./select.ts";
import { tiledKey, tiledProgram } from "./tiled.ts";

const device = { ...h200, subgroupMinSize: 16, subgroupMaxSize: 64, matrix: [{ m: 16, n: 16, k: 16 }] };
const nvidia = { ...device, subgroupMinSize: 32, subgroupMaxSize: 32 };
const product = { form: "nt" as const, m: 8192, n: 768, k: 768, half: true };

/** Keys of the product, C as f16, with each epilogue asked for beside `variants`. */
const keysWith = (variants: Record<string, string>) =>
  Object.fromEntries(
    epilogueVariants().map(({ name }) => {
      const { variant } = selectMatrix({ ...nvidia, variants: { ...variants, epilogue: name } }, product)!;
      expect(matrixBytes(variant)).toBeLessThanOrEqual(nvidia.limits.maxComputeWorkgroupStorageSize);
      return [name, matrixKey(variant).replace("gemm.nt.matrix.16x16x16.sg32.", "")];
    }),
  );

it("cuts the epilogue as it is asked to where the device has the memory, else as usual", () => {
  expect(keysWith({ gemm: "matrix.128x128" })).toEqual({
    narrow: "128x128.half-narrow",
    wide: "128x128.half-wide",
    tall: "128x128.half-tall",
    turns: "128x128.half-turns",
    sixteen: "128x128.half-sixteen",
  });
  // The largest tile already takes all of 48 KiB: only less is possible.
  expect(keysWith({ gemm: "matrix.256x128" })).toEqual({
    narrow: "256x128.half-narrow",
    wide: "256x128.half",
    tall: "256x128.half",
    turns: "256x128.half",
    sixteen: "256x128.half-sixteen",
  });
  // A subgroup's part of it is two matrices wide, and its usual panel one.
  expect(keysWith({ gemm: "matrix.64x64" }).narrow).toBe("64x64.half");
});

it("has the usual epilogue unless it is asked, and nothing to cut where C is written directly", () => {
  expect(selectMatrix(nvidia, product)!.variant.epilogue).toBeUndefined();
  const direct = selectMatrix({ ...nvidia, variants: { epilogue: "wide" } }, { ...product, half: false })!;
  expect(direct.variant).toMatchObject({ direct: true });
  expect(direct.variant.epilogue).toBeUndefined();
  for (const epilogue of ["", "constructor", "widest"])
    expect(selectMatrix({ ...nvidia, variants: { epilogue } }, product)!.variant.epilogue).toBeUndefined();
});

it("stores 16 bytes only if rows allow it", () => {
  const variants = { epilogue: "sixteen" };
  const keyOf = (n: number, more = {}) =>
    matrixKey(selectMatrix({ ...nvidia, variants }, { ...product, n, ...more })!.variant);
  expect(keyOf(768)).toMatch(/sixteen$/);
  expect(keyOf(772)).not.toMatch(/sixteen/);
  expect(keyOf(772, { half: false })).not.toMatch(/sixteen/);
  expect(keyOf(768, { accumulate: true })).not.toMatch(/sixteen/);
  const { variant } = selectMatrix({ ...nvidia, variants }, product)!;
  expect(matrixProgram(variant).wgsl()).toContain("var<storage, read_write> c: array<vec4<u32>>;");
});

it("passes a barrier a panel with two stages in turn, and two with one", () => {
  const barriers = (epilogue?: string) => {
    const variants = { gemm: "matrix.128x128", ...(epilogue ? { epilogue } : {}) };
    const { variant } = selectMatrix({ ...nvidia, variants }, product)!;
    // Two of them are in the loop along k.
    return matrixProgram(variant).wgsl().split("workgroupBarrier();").length - 1 - 2;
  };
  // Four strips of two panels.
  expect([barriers(), barriers("turns"), barriers("wide"), barriers("tall"), barriers("narrow")]).toEqual([
    16, 8, 8, 8, 32,
  ]);
});

it("asks for a size of subgroups that the device has, and for none by itself", () => {
  expect(subgroupSizes(device)).toEqual([16, 32, 64]);
  expect(subgroupSizes({ ...device, subgroupSizeControl: false })).toEqual([]);
  const texts = (subgroupSize: string | undefined, more: Partial<Capabilities> = {}) => {
    const variants: Record<string, string> = subgroupSize ? { subgroupSize } : {};
    const capabilities = { ...device, ...more, variants };
    const [matrix, tiled] = [selectMatrix(capabilities, product)!.variant, selectTiled(capabilities, product).variant];
    return {
      keys: [matrixKey(matrix), tiledKey(tiled)],
      wgsl: [matrixProgram(matrix).wgsl(), tiledProgram(tiled).wgsl()],
    };
  };
  const asked = texts("32");
  expect(asked.keys[0]).toContain(".sg=32.");
  expect(asked.keys[1]).toContain("-sg=32");
  for (const text of asked.wgsl) {
    expect(text).toContain("enable subgroup_size_control;");
    expect(text).toMatch(/@compute @workgroup_size\(\d+\) @subgroup_size\(32\)/);
  }
  // Eight subgroups of 32, and not of 64, the largest that the device has.
  expect(asked.wgsl[0]).toContain("@workgroup_size(256)");
  for (const none of [
    texts(undefined),
    texts("48"),
    texts("128"),
    texts("32.0"),
    texts("32", { subgroupSizeControl: false }),
  ])
    expect(none.wgsl.some((text) => /subgroup_size_control|@subgroup_size/.test(text))).toBe(false);
});
