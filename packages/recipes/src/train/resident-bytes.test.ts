import { expect, it, vi } from "vitest";
import { residentBytes } from "./resident-bytes.ts";

it("is measured on a system without /proc, too", () => {
  const now = residentBytes();
  expect(now).toBeGreaterThan(1e7);
  const rss = vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw new Error("ENOENT: no such file or directory, uv_resident_set_memory");
  });
  try {
    expect(residentBytes()).toBeGreaterThan(0.5 * now);
  } finally {
    rss.mockRestore();
  }
});
