import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it("ends a process without an adapter, with an error that names the way out", () => {
  const start = new URL("./start.ts", import.meta.url).href;
  const script = `import { startWebgpu } from ${JSON.stringify(start)};\nawait startWebgpu();`;
  const { status, stderr, error } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--conditions=@cramkit/source", "--input-type=module", "--eval", script],
    // No Vulkan driver, whatever the machine has.
    {
      env: { ...process.env, VK_ICD_FILENAMES: "/nonexistent.json", VK_DRIVER_FILES: "/nonexistent.json" },
      encoding: "utf8",
      timeout: 25_000,
    },
  );
  expect(error).toBeUndefined();
  expect(status).toBe(1);
  expect(stderr).toMatch(/startWebgpu: expected (a WebGPU adapter|a GPU), got .*(or use|or pass)/s);
  // What Dawn says by itself where the loader is missing: the error says it, with the remedy.
  expect(stderr).not.toContain("Couldn't load Vulkan");
});
