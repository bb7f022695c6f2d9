import type { Checked, Measurement, RunHeader } from "../measure/record.ts";
import { number, percent, table } from "./markdown.ts";

/** What the device offers and what was found around it. */
export const deviceText = ({ device, environment }: RunHeader): string => {
  const lines: string[] = [];
  if (device) {
    const { tier, bestTier, features, matrixConfigs, subgroupSizes, limits, advice } = device;
    const units = matrixConfigs.map(({ m, n, k, component, result }) => `${m} x ${n} x ${k} ${component} -> ${result}`);
    lines.push(
      `tier ${tier}, at best ${bestTier}; subgroups of ${[...new Set(subgroupSizes)].join(" to ")}; matrices ${units.join(", ") || "none"}`,
      `features ${features.join(", ")}`,
      `limits ${Object.entries(limits)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ")}`,
      ...advice,
    );
  }
  if (environment) lines.push(...Object.entries(environment).map(([name, value]) => `${name}: ${value || "none"}`));
  return lines.length === 0
    ? ""
    : `\n\n### Device\n\n${lines.map((line) => `- ${line.replaceAll("\n", "; ")}`).join("\n")}`;
};

export const checkedTable = (checked: readonly Checked[]): string =>
  table(
    ["op", "tier", "right", "worst, of its tolerance"],
    checked.map(({ case: op, provider, cases, failed, worst }) => [
      ...[op, provider, `${cases - failed} of ${cases}`],
      percent(worst),
    ]),
  );

/** Kernels of a step, the longest first, with what each moves beside the copy that was measured in the same run. */
export const kernelTable = (kernels: readonly Measurement[], all: readonly Measurement[]): string =>
  table(
    ["kernel", "backend", "shape", "calls", "ms a step", "of the step", "GB/s", "of copy"],
    kernels.map(({ case: name, backend, precision, shape, calls = 0, ms, part = 0, bytes }) => {
      const rate = bytes === undefined ? undefined : bytes / ms.p50 / 1e6;
      const copy = all.find(
        (one) =>
          one.suite === "machine" && one.case === "copy" && one.backend === backend && one.precision === precision,
      );
      return [
        ...[name, precision === "mixed" ? `${backend}, mixed` : backend, shape, String(calls), number(ms.p50)],
        percent(part),
        rate === undefined ? "" : number(rate),
        rate === undefined || !copy ? "" : percent(rate / copy.value.p80),
      ];
    }),
  );

const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
};

/** For each product and direction the variants from the fastest to the slowest, and how much slower each is. */
export const sweepTable = (sweeps: readonly Measurement[]): string => {
  const groups = groupBy(sweeps, (one) => [one.case, one.mode, one.shape, one.precision].join("\n"));
  const rows = [...groups.values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => a.ms.p50 - b.ms.p50);
    const [winner] = sorted;
    return sorted.map((one) => {
      const slower = one.ms.p50 / winner!.ms.p50;
      // What varies as much as it differs has neither won nor lost.
      const apart = one.ms.p20 > winner!.ms.p80;
      const verdict = one === winner ? "wins" : `x ${slower.toFixed(2)}${apart ? "" : " (noise)"}`;
      const share = one.share === undefined ? "" : `${percent(one.share)} of ${one.bound}`;
      return [
        ...[one.case, one.mode, one.precision, one.provider, verdict, number(one.ms.p50), number(one.value.p50), share],
        one.kernel ?? "",
      ];
    });
  });
  return table(["product", "direction", "precision", "variant", "time", "ms", "GFLOP/s", "share", "kernels"], rows);
};
