import { isTime, type Measurement, type ResultLine, type RunHeader } from "../measure/record.ts";
import { measurementsOf, runsOf } from "../measure/results-file.ts";
import { checkedTable, deviceText, kernelTable, sweepTable } from "./kernels.ts";
import { number, table } from "./markdown.ts";

const bar = (share: number, width = 20): string => {
  const full = Math.max(0, Math.min(width, Math.round(share * width)));
  return `${"█".repeat(full)}${"░".repeat(width - full)}`;
};

const headerText = (run: RunHeader): string => {
  const { hardware, driver, cores, system, versions, commit, dirty, date, command, load, quick, softwareAdapter } = run;
  const lines = [
    `**${hardware}**, ${cores} cores, ${system}; driver ${driver}`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(
        ", ",
      )}; commit ${commit.slice(0, 10)}${dirty ? " with changes" : ""}; ${date}; load ${load.map((l) => l.toFixed(1)).join(", ")}`,
    `\`${command}\`${quick ? " (quick form: three short samples, shapes of toys)" : ""}`,
  ];
  if (softwareAdapter)
    lines.push(
      "**A software adapter: it computes on the CPU. These numbers say that the kernels are right, not how fast a GPU is.**",
    );
  return `${lines.join("  \n")}${deviceText(run)}`;
};

const measurementTable = (measurements: readonly Measurement[]): string =>
  table(
    ["case", "what", "who", "backend", "shape", "p20", "p50", "p80", "unit", "of the ceiling"],
    measurements.map((one) => {
      // As rates, so that a smaller number is always the slower sample.
      const { p20, p50, p80 } = one.value;
      const share = one.share === undefined ? "" : `${(100 * one.share).toFixed(0)} % of ${one.bound}`;
      const backend = one.precision === "mixed" ? `${one.backend}, mixed` : one.backend;
      return [
        one.case,
        one.mode,
        one.provider,
        backend,
        one.shape,
        number(p20),
        number(p50),
        number(p80),
        one.unit,
        share,
      ];
    }),
  );

/** Bars of rivals in the same case, relative to the fastest. Cases with one contestant have none. */
const rivalBars = (measurements: readonly Measurement[]): string => {
  const groups = new Map<string, Measurement[]>();
  for (const one of measurements) {
    const key = [one.case, one.mode, one.shape, one.unit].filter((part) => part && part !== "-").join(", ");
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const lines: string[] = [];
  for (const [key, rivals] of groups) {
    if (rivals.length < 2) continue;
    const speed = ({ value, unit }: Measurement) => (isTime(unit) ? 1 / value.p50 : value.p50);
    const best = Math.max(...rivals.map(speed));
    const nameOf = ({ provider, backend, precision }: Measurement) =>
      `${provider} (${backend}${precision === "mixed" ? ", mixed" : ""})`;
    const width = Math.max(...rivals.map((one) => nameOf(one).length));
    lines.push(key);
    for (const one of [...rivals].sort((a, b) => speed(b) - speed(a)))
      lines.push(`  ${nameOf(one).padEnd(width)} ${bar(speed(one) / best, 40)} ${number(one.value.p50)} ${one.unit}`);
  }
  return lines.length === 0 ? "" : `\n\n\`\`\`\n${lines.join("\n")}\n\`\`\``;
};

/** Shares of the measured ceilings, a bar each: how far from the roof every kernel stays. */
const roofline = (measurements: readonly Measurement[]): string => {
  const bounded = measurements.filter(({ share, provider }) => share !== undefined && provider === "cramkit");
  if (bounded.length === 0) return "";
  const nameOf = (one: Measurement) => `${one.case}, ${one.mode}, ${one.shape}`;
  const width = Math.max(...bounded.map((one) => nameOf(one).length));
  const lines = bounded.map(
    (one) =>
      `${nameOf(one).padEnd(width)} ${bar(one.share!, 40)} ${(100 * one.share!).toFixed(0).padStart(3)} % of ${one.bound}`,
  );
  return `\n\n### Share of the machine's own ceiling\n\n\`\`\`\n${lines.join("\n")}\n\`\`\``;
};

/** A run of each header as Markdown: machine, tables, bars of rivals, failures and what was left out. */
export const renderReport = (lines: readonly ResultLine[]): string => {
  return runsOf(lines)
    .map(({ header, lines: own }) => {
      const measured = measurementsOf(own);
      const names = [...new Set(measured.map(({ suite }) => suite))];
      const sections = names.map((suite) => {
        const rows = measured.filter((one) => one.suite === suite);
        if (suite === "kernels") return `### ${suite}\n\n${kernelTable(rows, measured)}`;
        if (suite === "sweep") return `### ${suite}\n\n${sweepTable(rows)}`;
        return `### ${suite}\n\n${measurementTable(rows)}${rivalBars(rows)}`;
      });
      const checked = own.filter((line) => line.kind === "checked");
      if (checked.length > 0) sections.unshift(`### conformance\n\n${checkedTable(checked)}`);
      const failures = own.filter((line) => line.kind === "failure");
      const skipped = own.filter((line) => line.kind === "skipped");
      if (failures.length > 0)
        sections.push(
          `### Failed\n\n${table(
            ["suite", "case", "who", "why"],
            failures.map((one) => [one.suite, one.case, one.provider, one.message]),
          )}`,
        );
      if (skipped.length > 0)
        sections.push(
          `### Left out\n\n${table(
            ["suite", "case", "who", "why"],
            skipped.map((one) => [one.suite, one.case, one.provider, one.reason]),
          )}`,
        );
      return `${headerText(header)}\n\n${sections.join("\n\n")}${roofline(measured)}\n`;
    })
    .join("\n---\n\n");
};
