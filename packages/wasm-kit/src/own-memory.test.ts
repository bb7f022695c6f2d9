import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

it("compiles a module that brings its own memory and imports nothing, once and without a layout", () => {
  const folder = mkdtempSync(join(root, ".probe-"));
  try {
    const [source, target] = [join(folder, "probe.ts"), join(folder, "probe.generated.ts")];
    writeFileSync(source, "export function sum(at: usize): u32 { return load<u32>(at) + load<u32>(at, 4); }");
    const script = join(root, "scripts/compile-wasm.mjs");
    execFileSync(process.execPath, [script, "--own-memory", source, target], { cwd: root, stdio: "pipe" });
    const text = readFileSync(target, "utf8");
    expect(text.match(/^ {2}\w+:/gm)).toEqual(["  code:"]);
    const module = new WebAssembly.Module(Buffer.from(text.match(/"([^"]+)"/)![1]!, "base64"));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    const { memory, sum } = new WebAssembly.Instance(module).exports as unknown as {
      memory: WebAssembly.Memory;
      sum(at: number): number;
    };
    new Uint32Array(memory.buffer, 8192, 2).set([40, 2]);
    expect(sum(8192)).toBe(42);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
