import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it, vi } from "vitest";
import { startBackend } from "./start-backend.ts";

// Whether or not this machine has them.
const absent = vi.hoisted(() => () => {
  throw new Error("not installed");
});
vi.mock("@tensorflow/tfjs-node-gpu", absent);
vi.mock("@tensorflow/tfjs-node", absent);

describe("startBackend", () => {
  it("refuses a name that it does not know", async () => {
    await expect(startBackend("vulkan" as "cpu")).rejects.toThrow(
      'startBackend: expected "cpu", "webgpu", "cuda", "tensorflow" or "auto", got "vulkan"',
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

  it("is ended by its own handle alone: one that another start has replaced ends nothing, nor does a second call", async () => {
    const [first, second] = [
      await startBackend("cpu", { cpu: { threads: 1 } }),
      await startBackend("cpu", { cpu: { threads: 2 } }),
    ];
    first.dispose();
    expect(tf.getBackend()).toBe(second.tfjsName);
    expect([...tf.add(tf.tensor1d([1]), 2).dataSync()]).toEqual([3]);
    second.dispose();
    second.dispose();
    expect(tf.findBackend(second.tfjsName)).toBeFalsy();
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
