import type { Recipe } from "@cramkit/recipes";
import { plotText, studySchedule } from "@cramkit/scheduler";

/** What a run is about to do with its learning rate, as a small plot. */
export const showSchedule = ({ training }: Recipe): string => {
  const { schedule, optimizer, budget, batchSize } = training;
  const curve = studySchedule(schedule.name, schedule);
  const plot = plotText((fraction) => optimizer.learningRate * curve(fraction), { width: 60, height: 6 });
  return `learning rate over ${budget} (${schedule.name}), batches up to ${batchSize}:\n${plot}`;
};
