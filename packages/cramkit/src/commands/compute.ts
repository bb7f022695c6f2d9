import { fault } from "@cramkit/errors";
import { tableText } from "@cramkit/glue";
import { readRun, trainingSetups } from "@cramkit/recipes";
import { Command } from "commander";
import { flop, times } from "../report/format.ts";
import { flopsPerToken } from "../report/series.ts";
import { print } from "../terminal/output.ts";
import { duration } from "../terminal/progress.ts";

interface ComputeRow {
  readonly name: string;
  readonly hardware: string;
  readonly hours: number;
  readonly exaFlop: number;
  readonly source: string;
}

export const computeCommand = (): Command =>
  new Command("compute")
    .description("list published training setups by their compute, and compare runs with them")
    .argument("[runs...]", "folders of runs")
    .option("--json", "print the rows as JSON")
    .action(async (folders: string[], { json }: { json?: true }) => {
      const ours = await Promise.all(folders.map(rowOf));
      const published = trainingSetups().map(
        ({ name, device, devices, hours, exaFlop, source }): ComputeRow => ({
          name,
          hardware: devices === 1 ? device : `${devices} ${device}`,
          hours,
          exaFlop,
          source,
        }),
      );
      const rows = [...published, ...ours].sort((a, b) => a.exaFlop - b.exaFlop);
      if (json) return print(JSON.stringify(rows, null, 2));
      print(
        tableText({
          columns: ["", "hardware", "time", "compute", ...ours.map(({ name }) => `against ${name}`), "source"],
          rows: rows.map((row) => [
            row.name,
            row.hardware,
            duration(3600 * row.hours),
            flop(1e18 * row.exaFlop),
            ...ours.map((own) => times(row.exaFlop / own.exaFlop)),
            row.source,
          ]),
          notes: [
            "Published: peak rate of the devices times their hours, which is what they could have done.",
            ...(ours.length > 0
              ? [
                  "Runs: operations that their training needed, counted from their configuration. The two are not the same measure.",
                ]
              : []),
          ],
        }),
      );
    });

const rowOf = async (folder: string): Promise<ComputeRow> => {
  const run = await readRun(folder);
  const { summary, metrics, recipe } = run;
  const tokens = summary?.tokens ?? metrics.at(-1)?.tokens;
  const perToken = flopsPerToken(run);
  if (typeof tokens !== "number" || !perToken)
    throw fault({
      code: "invalid-input",
      place: folder,
      problem: "expected a run that has begun to train, found no step of it",
      remedy: `\`cramkit resume ${folder}\` goes on`,
    });
  const elapsedMs = summary?.elapsedMs ?? Number(metrics.at(-1)?.elapsedMs ?? 0);
  return {
    name: recipe.name,
    hardware: summary?.hardware ?? "this run's",
    hours: elapsedMs / 3.6e6,
    exaFlop: (tokens * perToken) / 1e18,
    source: summary ? "measured" : "measured, not finished",
  };
};
