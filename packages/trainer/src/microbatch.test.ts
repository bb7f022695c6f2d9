import { fault } from "@cramkit/errors";
import { expect, it } from "vitest";
import { findMicrobatch } from "./microbatch.ts";

it("takes the smallest of the sizes that are equally fast", async () => {
  const attempt = async (size: number) => Math.min(size, 16) * 100;
  expect(await findMicrobatch({ max: 256, attempt })).toBe(16);
});

it("stops where memory ends", async () => {
  const attempt = async (size: number) => {
    if (size > 8) throw fault({ code: "out-of-memory", problem: "no room" });
    return size;
  };
  expect(await findMicrobatch({ max: 256, attempt })).toBe(8);
});

it("rethrows other errors and says so when nothing fits", async () => {
  await expect(findMicrobatch({ max: 4, attempt: () => Promise.reject(new Error("bug")) })).rejects.toThrow("bug");
  await expect(
    findMicrobatch({ max: 4, attempt: () => Promise.reject(fault({ code: "out-of-memory", problem: "no room" })) }),
  ).rejects.toThrow("smaller model");
});

it("takes no words for a lack of memory", async () => {
  const attempt = () => Promise.reject(fault({ code: "damaged-file", problem: "out of memory" }));
  await expect(findMicrobatch({ max: 4, attempt })).rejects.toMatchObject({ code: "damaged-file" });
});
