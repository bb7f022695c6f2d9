import { expect, it } from "vitest";
import { smallestLimits, workgroupBytes } from "./counting-gpu.ts";
import { countStep, trafficText } from "./traffic.ts";

it.each(["float32", "mixed"] as const)(
  "counts a training step in %s, and next to nothing is new in it",
  async (precision) => {
    const traffic = await countStep("tiny", precision);
    // At most one bind group for each uniform that changes from step to step.
    expect(traffic.bindGroups).toBeLessThanOrEqual(traffic.uniformUploads);
    expect(traffic.uniformUploads).toBeLessThan(traffic.dispatches / 10);
    const products = traffic.kernels.filter(({ kernel }) => /^gemm\.(nt|nn|tn)/.test(kernel));
    // Two layers of four products in two forms, and the gradients of their weights, five in one; the decoder's are on top.
    expect(products.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBeGreaterThanOrEqual(2 * 4 * 2 + 2 + 3);
    expect(traffic.allocatedBytes).toBeGreaterThan(0);
    expect(trafficText(traffic)).toContain(`GB in ${traffic.dispatches} dispatches`);
  },
);

it.each([
  ["crammed-bert:layers=1", "float32", undefined, 78],
  ["crammed-bert:layers=1", "mixed", undefined, 78],
  // Where a tensor is larger than a binding, and where more groups than a dimension has would be needed.
  ["crammed-bert:layers=1,batch=1024", "float32", undefined, 162],
  ["crammed-bert:layers=1,batch=1024", "mixed", undefined, 162],
  ["crammed-bert:layers=1", "float32", smallestLimits, 113],
] as const)(
  "%s in %s stays within the limits of the device",
  { timeout: 120_000 },
  async (shape, precision, limits, most) => {
    const { dispatches } = await countStep(shape, precision, { limits, warmUp: 1 });
    expect(dispatches).toBeLessThanOrEqual(most);
    // An optimizer step, a norm and both directions of a layer are in it.
    expect(dispatches).toBeGreaterThan(most / 2);
  },
);

it("refuses what a device would refuse", async () => {
  await expect(
    countStep("tiny", "float32", { limits: { ...smallestLimits, maxStorageBufferBindingSize: 1024 } }),
  ).rejects.toThrow("1024");
  await expect(countStep("tiny", "float32", { limits: { ...smallestLimits, maxBufferSize: 1024 } })).rejects.toThrow(
    "1024",
  );
  expect(
    workgroupBytes(
      "alias T = vec4<f32>;\nvar<workgroup> a: array<array<vec4<f16>, 10>, 2>;\nvar<workgroup> b: array<T, 3>;",
    ),
  ).toBe(2 * 10 * 8 + 3 * 16);
});
