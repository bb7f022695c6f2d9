import type { Recipe } from "@cramkit/recipes";
import { plotText, scheduleByName } from "@cramkit/scheduler";

/** Columns left of the curve. */
const labels = 10;

/** What a run is about to do with its learning rate, as a small plot that fits into `columns`. */
export const showSchedule = ({ training }: Recipe, columns = process.stderr.columns || 80): string => {
  const { schedule, optimizer, budget, horizon, batchSize } = training;
  const { name, ...shape } = schedule;
  const curve = scheduleByName(name, shape);
  const width = Math.min(60, Math.max(10, columns - labels));
  const plot = plotText((fraction) => optimizer.learningRate * curve(fraction), { width, height: 6 });
  const length = horizon === null ? budget : `${horizon}, stopped after ${budget}`;
  return `learning rate over ${length} (${name}), batches up to ${batchSize}:\n${plot}`;
};
