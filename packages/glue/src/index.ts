export { createMetric, type Metric, type MetricName, metricNames } from "@cramkit/metrics";
export { type AcceptabilityOptions, acceptabilityProbe } from "./probes/acceptability-probe.ts";
export { continuityProbe } from "./probes/continuity-probe.ts";
export type { ProbeOptions } from "./probes/held-out.ts";
export { type Passage, passages, type SentenceOptions } from "./probes/sentences.ts";
export { officialAverage, type ScoresOf, studyAverage, studyColumns } from "./scores/averages.ts";
export { publishedRows } from "./scores/published.ts";
export { majorityRow, type Score, type ScoreRow, scoreRow } from "./scores/score-row.ts";
export { scoreTable } from "./scores/score-table.ts";
export { type Submission, type SubmissionOptions, submission } from "./scores/submission.ts";
export { type SetSummary, type Spread, summarize } from "./scores/summary.ts";
export { type Table, tableMarkdown, tableText } from "./scores/table.ts";
export { trialTable } from "./scores/trial-table.ts";
export { fieldSeparator } from "./tasks/fields.ts";
export { type GlueName, type GlueTask, glueNames, glueTasks, type SplitLayout } from "./tasks/glue-tasks.ts";
export {
  type RecordSet,
  type StudyTask,
  type StudyTaskName,
  studyTaskNames,
  studyTasks,
  type TaskRecord,
} from "./tasks/study-tasks.ts";
export { type SubsetOptions, subset } from "./tasks/subset.ts";
export { type Example, type ExampleSet, isRegression, outputs, type Task, type TaskData } from "./tasks/task.ts";
export { type BagOfWordsOptions, bagOfWords } from "./trials/bag-of-words.ts";
export type { Batch, EvaluationBatch, TrainingBatch } from "./trials/batches.ts";
export { type Encode, type Encoding, type TemplateOptions, templateEncode } from "./trials/encoded.ts";
export { majorityBaseline } from "./trials/majority.ts";
export {
  changedProtocol,
  epochLimit,
  type Head,
  learningRateAt,
  type Protocol,
  type ProtocolChanges,
  protocols,
} from "./trials/protocol.ts";
export type { Identity, ResultsStore, TrialResult } from "./trials/results.ts";
export { type RunOptions, type RunProgress, runTasks } from "./trials/run.ts";
export type { Trainee, Trial, TrialSetting } from "./trials/trainee.ts";
export { type Evaluation, type Predictions, score, type TrialOutcome, type TrialProgress } from "./trials/trial.ts";
