import { expect, it } from "vitest";
import { countStep, trafficText } from "./traffic.ts";

it.each(["float32", "mixed"] as const)(
  "counts a training step in %s, and next to nothing is new in it",
  async (precision) => {
    const traffic = await countStep("tiny", precision);
    // At most one bind group for each uniform that changes from step to step.
    expect(traffic.bindGroups).toBeLessThanOrEqual(traffic.uniformUploads);
    expect(traffic.uniformUploads).toBeLessThan(traffic.dispatches / 10);
    const products = traffic.kernels.filter(({ kernel }) => /^gemm\.(nt|nn|tn)/.test(kernel));
    // Two layers of four products, each in three forms; the decoder's are on top.
    expect(products.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBeGreaterThanOrEqual(24);
    expect(traffic.allocatedBytes).toBeGreaterThan(0);
    expect(trafficText(traffic)).toContain(`GB in ${traffic.dispatches} dispatches`);
  },
);
