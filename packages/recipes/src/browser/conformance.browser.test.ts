import { describe, expect, it } from "vitest";
import { browser, runInBrowser } from "./browser.testing.ts";

const page = (start: string) => `
import { startBackend } from "@cramkit/backend";
import { registerGradients } from "@cramkit/ops";
import { measureCase, specsOfTier } from "@cramkit/ops/conformance";
${start}
registerGradients();
const failures: string[] = [];
const all = (await specsOfTier("float32")).flatMap(({ op, cases }) => cases.slice(0, 4).map((one) => ({ op, one })));
for (const { op, one } of all) {
  const { forward, gradients } = await measureCase(one);
  const worst = Math.max(forward, ...Object.values(gradients).map((error) => error / 10));
  if (!(worst <= one.tolerance)) failures.push(op + " " + one.name + ": " + worst);
}
backend.dispose();
const result = { description: backend.description, cases: all.length, failures };`;

const backends = {
  WebGPU: `import { webgpuKernels } from "@cramkit/ops/webgpu";
const options = { kernels: { webgpu: webgpuKernels }, webgpu: { allowSoftware: true } };
const backend = await startBackend("webgpu", options);`,
  "the CPU backend": `import { cpuKernels } from "@cramkit/ops/cpu";
const backend = await startBackend("cpu", { kernels: { cpu: cpuKernels }, cpu: { threads: 3 } });`,
};

describe.runIf(browser)("the ops in a browser", () => {
  it.each(Object.entries(backends))("conform on %s", async (_, start) => {
    const run = runInBrowser<{ description: string; cases: number; failures: string[] }>(page(start), {
      isolated: true,
    });
    const { description, cases, failures } = await run;
    console.info(`${cases} cases in ${browser} on ${description}`);
    expect(failures).toEqual([]);
    expect(cases).toBeGreaterThan(30);
  });
});
