import { expect, it } from "vitest";
import { gpuPlan } from "./gpu-plan.ts";

const options = { quick: false, python: "python3" };

it("asks CUDA first whether its kernels are right, and then for the step beside PyTorch, within eight minutes", () => {
  const parts = gpuPlan(options, "cuda");
  expect(parts.slice(0, 5).map(({ suite, options: { precision } }) => `${suite} ${precision}`)).toEqual([
    "conformance mixed",
    "conformance float32",
    "machine mixed",
    "model mixed",
    "pytorch mixed",
  ]);
  expect(parts.every(({ options: { backend } }) => backend === "cuda")).toBe(true);
  const withProducts = (name: string) =>
    parts.filter(({ options: { products } }) => products === name).map(({ suite }) => suite);
  for (const name of ["wgmma", "cublaslt"])
    expect(withProducts(name)).toEqual(["conformance", "model", "ops", "machine"]);
  const first = parts.slice(0, 5).reduce((sum, { limitMs = 0 }) => sum + limitMs, 0);
  expect(first).toBeLessThanOrEqual(8 * 60_000);
});

it("asks WebGPU first for the step, and every toy once", () => {
  expect(gpuPlan(options)[1]).toMatchObject({ suite: "model", options: { backend: "webgpu", precision: "mixed" } });
  const toys = gpuPlan({ ...options, quick: true });
  expect(toys.filter(({ suite, options: { toggles } }) => suite === "model" && !toggles)).toHaveLength(2);
});
