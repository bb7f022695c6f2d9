import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attentionBackwardMatrixProgram, attentionForwardMatrixProgram } from "../attention/webgpu/matrix.ts";
import { selectAttentionMatrix } from "../attention/webgpu/matrix-select.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";
import { matrixProgram } from "./gemm/matrix.ts";
import { epilogues } from "./gemm/matrix-variant.ts";
import type { Program } from "./program.ts";

/*
 * Adapters without a GPU multiply 8 x 8 x 8 only. For the units of real ones the text is compiled, in both spellings; that
 * their products are right rests on the same text with other numbers.
 */
const tiers = await testableTiers();
const units = [
  { m: 16, n: 16, k: 16 },
  { m: 16, n: 8, k: 16 },
  { m: 8, n: 16, k: 16 },
];
const spellings = ["new", "old"] as const;

describe.runIf(tiers.includes("matrix")).each(units)("shaders for $m x $n x $k", (shape) => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend({ tier: "matrix" });
  });
  afterAll(() => started?.dispose());

  const errorOf = async ({ wgsl }: Program) => {
    const { device } = started!.backend;
    device.pushErrorScope("validation");
    device.createShaderModule({ code: wgsl() });
    return (await device.popErrorScope())?.message;
  };

  it.each([8, 16, 32])("compile with subgroups of %i asked for, and with every epilogue", async (subgroup) => {
    const unit = { ...shape, spelling: "new" as const, subgroup, fixed: true, asked: true };
    const rest = { direct: false, half: true, vectors: true, bias: true, accumulate: false };
    for (const epilogue of Object.keys(epilogues) as (keyof typeof epilogues)[])
      expect(await errorOf(matrixProgram({ form: "nt", unit, tile: "128x128", ...rest, epilogue }))).toBeUndefined();
  });

  it.each(spellings)("compile in the %s spelling", async (spelling) => {
    const unit = { ...shape, spelling, subgroup: 32, fixed: false };
    for (const form of ["nn", "nt", "tn"] as const)
      for (const direct of [true, false])
        expect(
          await errorOf(
            matrixProgram({
              form,
              unit,
              tile: "128x128",
              direct,
              half: false,
              vectors: !direct,
              bias: !direct,
              accumulate: !direct,
            }),
          ),
        ).toBeUndefined();
    const limits = {
      ...started!.backend.capabilities.limits,
      maxComputeWorkgroupStorageSize: 49152,
      maxComputeInvocationsPerWorkgroup: 1024,
    };
    const device = {
      tier: "matrix" as const,
      matrix: [shape],
      matrixSpelling: spelling,
      subgroupMinSize: 16,
      subgroupMaxSize: 32,
      subgroupSizeControl: true,
      limits,
      variants: {},
    };
    const shapes = [
      { direction: "forward", seq: 128 },
      { direction: "forward", seq: 512 },
      { direction: "query", seq: 512 },
      { direction: "key", seq: 512 },
    ] as const;
    for (const { direction, seq } of shapes) {
      const variant = selectAttentionMatrix(direction, device, { seq, headDim: 64, mask: true, dropout: true })!;
      const program =
        direction === "forward"
          ? attentionForwardMatrixProgram(variant)
          : attentionBackwardMatrixProgram(variant, direction);
      expect(await errorOf(program)).toBeUndefined();
    }
  });
});
