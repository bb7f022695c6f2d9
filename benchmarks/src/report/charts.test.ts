import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Measurement, ResultLine, RunHeader } from "../measure/record.ts";
import { writeCharts } from "./charts.ts";

const header: RunHeader = {
  ...{ kind: "run", date: "2026-01-02T03:04:05.000Z", command: "pnpm bench", commit: "0123456789ab", dirty: false },
  ...{ quick: false, hardware: "a machine", softwareAdapter: true, driver: "-", cores: 2, memoryBytes: 1, system: "-" },
  ...{ versions: {}, load: [0] },
};
const measurement = (fields: Partial<Measurement>): Measurement => ({
  ...{ kind: "measurement", suite: "ops", case: "gelu [4]", mode: "forward", provider: "cramkit", backend: "cpu" },
  ...{
    precision: "float32",
    shape: "tiny",
    unit: "GB/s",
    value: { p20: 1, p50: 2, p80: 3 },
    samples: 3,
    clock: "host",
  },
  ...{ ms: { p20: 1, p50: 1, p80: 1 }, load: 0 },
  ...fields,
});
const charted = async (lines: ResultLine[]): Promise<string[]> =>
  writeCharts(lines, mkdtempSync(join(tmpdir(), "charts-")));

it("draws a roofline under the run's own ceilings, and rivals with their numbers", async () => {
  const files = await charted([
    header,
    measurement({ suite: "machine", case: "copy", backend: "host", precision: "-" }),
    measurement({ suite: "machine", case: "matmul", unit: "GFLOP/s" }),
    measurement({ gigaflops: 5, intensity: 1.25 }),
    measurement({ provider: "a rival", value: { p20: 1, p50: 1.5, p80: 2 } }),
  ]);
  expect(files.map((file) => file.split("05-")[1])).toEqual(["roofline.svg", "peers.svg"]);
  const [roofline, peers] = files.map((file) => readFileSync(file, "utf8"));
  expect(roofline).toContain("operations a byte");
  expect(roofline).toContain("software adapter");
  expect(roofline).toContain(">gelu<");
  expect(peers).toContain("a rival");
  expect(peers).toContain("1.50 GB/s");
});

it("draws nothing where there is no rival and no ceiling", async () => {
  expect(await charted([header, measurement({ gigaflops: 5, intensity: 1.25 })])).toEqual([]);
});
