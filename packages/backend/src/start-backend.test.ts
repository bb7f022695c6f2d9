import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { startBackend } from "./start-backend.ts";

describe("startBackend", () => {
  it("refuses a name that it does not know", async () => {
    await expect(startBackend("cuda" as "cpu")).rejects.toThrow(
      'startBackend: expected "cpu", "webgpu", "tensorflow" or "auto", got "cuda"',
    );
  });

  it("says what to install for tensorflow where nothing is", async () => {
    await expect(startBackend("tensorflow")).rejects.toThrow(/npm install one, or use the cpu backend/);
  });

  it("registers the caller's kernels, loaded on demand", async () => {
    const kernelFunc = () => tf.scalar(42);
    const kernels = async () => [{ kernelName: "Answer", backendName: "any", kernelFunc }];
    const started = await startBackend("cpu", { cpu: { threads: 1 }, kernels: { cpu: kernels } });
    expect((tf.engine().runKernel("Answer", {}) as tf.Tensor).dataSync()[0]).toBe(42);
    started.dispose();
  });

  it("auto lists what it found, down to the one that started", async () => {
    const started = await startBackend("auto", { cpu: { threads: 1 } });
    const [first] = started.findings;
    expect(first?.backend).toBe("webgpu");
    expect(started.findings.filter(({ state }) => state === "started").map(({ backend }) => backend)).toEqual([
      started.name,
    ]);
    expect(tf.getBackend()).toBe(started.tfjsName);
    started.dispose();
  });
});
