import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openEnergyMeter } from "./energy.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it("adds up the counters of all packages, also over their end", () => {
  const powercap = mkdtempSync(join(tmpdir(), "powercap-"));
  const count = (name: string, microjoules: number) => {
    mkdirSync(join(powercap, name), { recursive: true });
    writeFileSync(join(powercap, name, "energy_uj"), `${microjoules}\n`);
    writeFileSync(join(powercap, name, "max_energy_range_uj"), "10000000\n");
  };
  count("intel-rapl:0", 9_000_000);
  count("intel-rapl:1", 0);
  count("intel-rapl:0:0", 0);
  const meter = openEnergyMeter({ powercap, gpu: null });
  count("intel-rapl:0", 1_000_000);
  count("intel-rapl:1", 4_000_000);
  count("intel-rapl:0:0", 1_000_000); // a part of package 0
  expect(meter.read()).toEqual({ cpuJoules: 6 });
  meter.close();
});

it("says nothing where nothing can be read", async () => {
  const meter = openEnergyMeter({ powercap: "/nowhere", gpu: ["no-such-command-of-a-card"] });
  await pause(50);
  expect(meter.read()).toEqual({});
  meter.close();
});

const printing = (lines: string) =>
  [process.execPath, "-e", `setInterval(() => console.log(${JSON.stringify(lines)}), 20)`] as [string, ...string[]];

it("sums up the power of one card, and leaves out several", async () => {
  const [one, two] = [printing("0, 1000"), printing("0, 1000\n1, 50")].map((gpu) =>
    openEnergyMeter({ powercap: "/nowhere", gpu }),
  );
  const startedAt = performance.now();
  while (one!.read().gpuJoules === undefined && performance.now() - startedAt < 10_000) await pause(20);
  await pause(300);
  const seconds = (performance.now() - startedAt) / 1000;
  expect(one!.read().gpuJoules).toBeGreaterThan(50);
  expect(one!.read().gpuJoules).toBeLessThan(1000 * seconds);
  expect(two!.read()).toEqual({});
  one!.close();
  two!.close();
});
