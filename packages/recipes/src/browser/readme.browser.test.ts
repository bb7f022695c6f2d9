import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { browser, runInBrowser } from "./browser.testing.ts";

const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");
const [, example] = /^```ts\n([\s\S]*?)^```$/m.exec(readme)!;

/** The README's "Compose your own" in a page: `steps` steps, with the loss of each. */
const compose = (steps: number, isolated: boolean, changes: Record<string, string> = {}) => {
  const shown = "if (progress.step % 20 === 0) console.log(progress.step, await loss)";
  let code = example!;
  const all = { "steps: 200": `steps: ${steps}`, [shown]: "losses.push((await loss) as number)", ...changes };
  for (const [from, to] of Object.entries(all)) {
    if (!code.includes(from)) throw new Error(`the README's example has no "${from}" any more`);
    code = code.replaceAll(from, to);
  }
  return runInBrowser<{ losses: number[]; description: string }>(
    `const losses: number[] = [];\n${code}\nconst result = { losses, description: backend.description };`,
    { isolated },
  );
};

describe.runIf(browser)("the README's composition in a browser", () => {
  it("learns the same on one thread as on many", async () => {
    const many = await compose(100, true);
    const one = await compose(100, false);
    expect(many.losses).toHaveLength(100);
    expect(many.losses.at(-1)).toBeLessThan(0.6 * many.losses[0]!);
    expect(one.losses).toEqual(many.losses);
    expect(one.description).toContain("a browser needs cross-origin isolation");
    expect(many.description).not.toContain("one thread");
  });

  it("learns the same on WebGPU", async () => {
    const cpu = await compose(8, true);
    const webgpu = await compose(8, true, {
      cpuKernels: "webgpuKernels",
      "@cramkit/ops/cpu": "@cramkit/ops/webgpu",
      'startBackend("cpu", { kernels: { cpu:':
        'startBackend("webgpu", { webgpu: { allowSoftware: true }, kernels: { webgpu:',
    });
    expect(webgpu.description).toContain("float32");
    for (const [i, loss] of webgpu.losses.entries()) expect(loss).toBeCloseTo(cpu.losses[i]!, 3);
  });
});
