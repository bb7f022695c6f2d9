import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@cramkit/files";
import type { TopLevelSpec } from "vega-lite";
import { isTime, type Measurement, type ResultLine, type RunHeader } from "../measure/record.ts";
import { measurementsOf, runsOf } from "../measure/results-file.ts";
import { number } from "./markdown.ts";

/**
 * Charts of every run in a results file, as SVG: `roofline` (GFLOP/s over operations a byte, under the ceilings that were
 * measured in the same run) and `peers` (rivals of the same case). Returns the files written; a run without such
 * measurements has no chart.
 */
export const writeCharts = async (lines: readonly ResultLine[], folder: string): Promise<string[]> => {
  const [{ parse, View }, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const { header, lines: own } of runsOf(lines)) {
    const measured = measurementsOf(own);
    const stamp = header.date.slice(0, 19).replaceAll(":", "");
    for (const [name, spec] of Object.entries({
      roofline: roofline(header, measured),
      peers: peers(header, measured),
    })) {
      if (!spec) continue;
      const path = join(folder, `${stamp}-${name}.svg`);
      await writeFileAtomic(path, await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG());
      files.push(path);
    }
  }
  return files;
};

const caption = (title: string, { hardware, date, commit, softwareAdapter, quick }: RunHeader) => ({
  text: title,
  subtitle: `${hardware}${softwareAdapter ? " (software adapter: not the speed of a GPU)" : ""}${quick ? ", quick form" : ""}, ${date.slice(0, 10)}, commit ${commit.slice(0, 10)}`,
  anchor: "start" as const,
});

const look = { background: "white", config: { view: { stroke: "#ddd" }, axis: { gridColor: "#eee" } } };

/** Every case with a known intensity; the roof is min(matmul, copy x intensity) of each backend and precision. */
const roofline = (header: RunHeader, measured: readonly Measurement[]): TopLevelSpec | undefined => {
  const points = measured
    .filter(({ provider, intensity, gigaflops }) => provider === "cramkit" && intensity && gigaflops)
    .map(({ case: name, mode, backend, precision, intensity, gigaflops }) => ({
      op: name.split(" ")[0],
      mode,
      where: `${backend}, ${precision}`,
      intensity: intensity!,
      gigaflops: gigaflops!,
    }));
  const roofs = [...new Set(points.map(({ where }) => where))].flatMap((where) => roofOf(where, measured));
  if (points.length === 0 || roofs.length === 0) return undefined;
  const log = { type: "log" as const };
  const position = {
    x: { field: "intensity", type: "quantitative" as const, scale: log, title: "operations a byte (FLOP/byte)" },
    y: { field: "gigaflops", type: "quantitative" as const, scale: log, title: "GFLOP/s" },
  };
  return {
    ...look,
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    title: caption("Roofline: each op under the measured ceilings", header),
    width: 640,
    height: 360,
    layer: [
      {
        data: { values: roofs },
        mark: { type: "line", color: "#888" },
        encoding: { ...position, detail: { field: "where" } },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: true, size: 70, opacity: 0.8 },
        encoding: {
          ...position,
          color: { field: "op", title: "op", scale: { scheme: "tableau10" } },
          shape: { field: "mode", title: "pass" },
        },
      },
    ],
  };
};

const roofOf = (where: string, measured: readonly Measurement[]) => {
  const [backend, precision] = where.split(", ");
  const ceiling = (name: string, of: string | undefined, exact: string | undefined) =>
    measured.find(
      (one) => one.suite === "machine" && one.case === name && one.backend === of && one.precision === exact,
    )?.value.p80;
  const matmul = ceiling("matmul", backend, precision);
  const copy = backend === "cpu" ? ceiling("copy", "host", "-") : ceiling("copy", backend, precision);
  if (!matmul || !copy) return [];
  return [0.25, matmul / copy, 4096].map((intensity) => ({
    where,
    intensity,
    gigaflops: Math.min(matmul, copy * intensity),
  }));
};

/** Rivals of a case, a panel each, in the case's own unit. */
const peers = (header: RunHeader, measured: readonly Measurement[]): TopLevelSpec | undefined => {
  const bars = measured
    .filter(({ suite }) => !["machine", "kernels", "sweep"].includes(suite))
    .map((one) => ({
      panel: [one.case, one.mode, one.shape].filter((part) => part && part !== "-").join(", "),
      who: `${one.provider}${one.precision === "mixed" ? ", mixed" : ""}`,
      unit: one.unit,
      value: isTime(one.unit) ? 1 / one.value.p50 : one.value.p50,
      label: `${number(one.value.p50)} ${one.unit}`,
    }));
  const panels = [...new Set(bars.map(({ panel }) => panel))]
    .map((panel) => bars.filter((bar) => bar.panel === panel).sort((a, b) => b.value - a.value))
    .filter((rivals) => rivals.length > 1);
  if (panels.length === 0) return undefined;
  return {
    ...look,
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    title: caption("Rivals, relative to the fastest of each case", header),
    spacing: 14,
    vconcat: panels.map((rivals) => ({
      title: { text: rivals[0]!.panel, anchor: "start", fontSize: 11 },
      data: { values: rivals.map((bar) => ({ ...bar, share: bar.value / rivals[0]!.value })) },
      width: 420,
      height: { step: 18 },
      encoding: {
        y: { field: "who", type: "nominal", title: null, sort: null },
        x: { field: "share", type: "quantitative", title: null, axis: null, scale: { domain: [0, 1.35] } },
      },
      layer: [
        {
          mark: "bar",
          encoding: {
            color: { condition: { test: "indexof(datum.who, 'cramkit') === 0", value: ours }, value: theirs },
          },
        },
        { mark: { type: "text", align: "left", dx: 4 }, encoding: { text: { field: "label" } } },
      ],
    })),
  };
};

const [ours, theirs] = ["#2f6f8f", "#b9c4cc"];
