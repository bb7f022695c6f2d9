import { writeFileAtomic } from "@cramkit/files";
import { type RunRecord, readRun, runFiles } from "@cramkit/recipes";
import { tell } from "../terminal/output.ts";
import { nats, percent } from "./format.ts";
import { renderReport } from "./report.ts";
import { probeScores } from "./scores.ts";

/** Writes `report.html` into a run's folder and prints what it comes to. */
export const writeReport = async (folder: string): Promise<void> => {
  const { run, file } = await renewReport(folder);
  tell([...resultLines(run), `report: ${file}`].join("\n"));
};

/** Writes `report.html` into a run's folder, as it is now. */
export const renewReport = async (folder: string): Promise<{ run: RunRecord; file: string }> => {
  const run = await readRun(folder);
  const file = runFiles(folder).report;
  await writeFileAtomic(file, await renderReport([run]));
  return { run, file };
};

const resultLines = ({ masked, probes }: RunRecord): string[] => {
  const lines: string[] = [];
  if (masked) {
    const row = (name: string, { loss, accuracy }: { loss: number; accuracy: number }) =>
      `  ${name.padEnd(26)} ${nats(loss).padStart(7)} nats ${percent(accuracy).padStart(8)} right`;
    lines.push("masked tokens of held-out documents:");
    lines.push(
      row("trained", masked.trained),
      row("untrained network", masked.untrained),
      row("unigram model", masked.unigram),
    );
  }
  for (const { title, trained, untrained } of probes ? probeScores(probes) : []) {
    lines.push(`probe ${title}: ${percent(trained)} right, ${percent(untrained)} without pretraining`);
  }
  return lines;
};
