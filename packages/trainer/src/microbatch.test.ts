import { expect, it } from "vitest";
import { findMicrobatch, isOutOfMemory } from "./microbatch.ts";

it("takes the smallest of the sizes that are equally fast", async () => {
  const attempt = async (size: number) => Math.min(size, 16) * 100;
  expect(await findMicrobatch({ max: 256, attempt })).toBe(16);
});

it("stops where memory ends", async () => {
  const attempt = async (size: number) => {
    if (size > 8) throw new Error("Out of memory allocating 1 GiB");
    return size;
  };
  expect(await findMicrobatch({ max: 256, attempt })).toBe(8);
});

it("rethrows other errors and says so when nothing fits", async () => {
  await expect(findMicrobatch({ max: 4, attempt: () => Promise.reject(new Error("bug")) })).rejects.toThrow("bug");
  await expect(
    findMicrobatch({ max: 4, attempt: () => Promise.reject(new RangeError("Array buffer allocation failed")) }),
  ).rejects.toThrow("smaller model");
  expect(isOutOfMemory("out of memory")).toBe(false);
});

it.each([
  "webgpu: out of device memory (vkAllocateMemory failed); use a smaller batch or sequence length",
  "webgpu: a shape is beyond this device's limits (...); use a smaller batch or sequence length",
  "webgpu: expected a tensor of at most 4294967296 bytes, got [1,2] with 8; use a smaller batch",
  "Array buffer allocation failed",
  "OOM when allocating tensor with shape[8,128]",
])("knows the words of the backends: %s", (message) => {
  expect(isOutOfMemory(new Error(message))).toBe(true);
});

it("takes no other error for it", () => {
  expect(isOutOfMemory(new Error("webgpu: the device was lost (bloom room)"))).toBe(false);
});
