export { type BatchRampOptions, batchRamp } from "./batch-ramp.ts";
export { type Budget, budgetFraction, type Counts, elapsedClock } from "./budget.ts";
export { join, quantize, scale, stretch, warmup } from "./combine.ts";
export { type SequenceCurriculumOptions, sequenceCurriculum } from "./curriculum.ts";
export { inverseCosine, multiCycle, oneCycle } from "./cycle.ts";
export {
  cosine,
  cosineAnnealing,
  type DecayOptions,
  inverseSqrt,
  linear,
  type PhaseOptions,
  type PolynomialOptions,
  polynomial,
  type RestartOptions,
} from "./decay.ts";
export {
  constant,
  type DecayBranchOptions,
  type DecayShape,
  decayBranch,
  dive,
  ramp,
  trapezoid,
  type WsdOptions,
  wsd,
} from "./plateau.ts";
export { plotSvg, type SvgPlotOptions } from "./plot-svg.ts";
export { plotText, type TextPlotOptions } from "./plot-text.ts";
export { byBudget, byMicrobatches, bySteps, byTokens } from "./progress.ts";
export type { PlotRange } from "./samples.ts";
export {
  type ScheduleName,
  type StudyScheduleName,
  type StudyScheduleOptions,
  scheduleByName,
  scheduleNames,
  studySchedule,
  studyScheduleNames,
} from "./study.ts";
export { type TriangleOptions, triangle, triangle1, triangle2 } from "./triangle.ts";
export type { Progress, Schedule } from "./types.ts";
