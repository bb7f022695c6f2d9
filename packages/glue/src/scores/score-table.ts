import { studyColumns } from "./averages.ts";
import type { ScoreRow } from "./score-row.ts";
import type { Table } from "./table.ts";

const columns = () => [...studyColumns.map(([column]) => column), "WNLI"];

/**
 * Rows one below the other in the order of the study's tables. `avg` is the mean of its nine numbers, `GLUE` the official
 * score; either is shown only if all its tasks are.
 */
export const scoreTable = (rows: readonly ScoreRow[]): Table => {
  const shown = columns().filter((column) => column !== "WNLI" || rows.some(({ scores }) => scores[column]));
  const official = rows.some(({ officialAverage }) => officialAverage !== undefined);
  const partial = rows.some(({ scores }) => Object.values(scores).some((score) => score.partial));
  const anyPartial = ({ scores }: ScoreRow) => Object.values(scores).some((score) => score.partial);
  return {
    columns: ["", ...shown, "avg", ...(official ? ["GLUE"] : []), "source"],
    rows: rows.map((row) => [
      row.name,
      ...shown.map((column) => cell(row.scores[column]?.value, row.scores[column]?.partial)),
      cell(row.average, anyPartial(row)),
      ...(official ? [cell(row.officialAverage, anyPartial(row))] : []),
      row.source,
    ]),
    notes: [
      "Scores on the dev sets, times 100: accuracy, but Pearson for STS-B, F1 for QQP and MRPC, Matthews for CoLA.",
      ...(partial ? ["* from partial data: a score on that part, not comparable with published ones."] : []),
      ...new Set(rows.flatMap(({ notes }) => notes)),
    ],
  };
};

const cell = (value: number | undefined, partial = false): string => {
  return value === undefined ? "–" : `${value.toFixed(1)}${partial ? "*" : ""}`;
};
