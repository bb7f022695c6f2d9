import { checkLayout, LAYOUT } from "@cramkit/wasm-kit";
import { backend, findBackendFactory, type KernelConfig } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { startBackend } from "../start-backend.ts";

const kernel = (layout?: number): KernelConfig & { layout?: number } => ({
  kernelName: "CramkitProbe",
  backendName: "cramkit-cpu",
  layout,
  kernelFunc: () => [],
});

it("refuses kernels of another call layout before it starts anything, as one error with what to do", async () => {
  const start = startBackend("cpu", { cpu: { threads: 2 }, kernels: { cpu: [kernel(LAYOUT + 1)] } });
  await expect(start).rejects.toMatchObject({
    code: "version-mismatch",
    remedy: expect.stringMatching(/published together/),
  });
  await expect(start).rejects.toThrow(
    new RegExp(`^CramkitProbe: expected .* layout ${LAYOUT}, got layout ${LAYOUT + 1}`),
  );
  expect(findBackendFactory("cramkit-cpu")).toBeNull();
});

it("takes kernels of its own layout, and those that have none", async () => {
  const started = await startBackend("cpu", { kernels: { cpu: [kernel(), kernel(LAYOUT)] } });
  checkLayout("the backend", backend() as unknown as { layout: number });
  started.dispose();
});
