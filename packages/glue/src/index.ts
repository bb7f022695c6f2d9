export { type AcceptabilityOptions, acceptabilityProbe } from "./acceptability-probe.ts";
export { officialAverage, type ScoresOf, studyAverage, studyColumns } from "./averages.ts";
export { type BagOfWordsOptions, bagOfWords } from "./bag-of-words.ts";
export type { Batch, EvaluationBatch, TrainingBatch } from "./batches.ts";
export { continuityProbe } from "./continuity-probe.ts";
export { type DownloadOptions, type DownloadProgress, downloadGlue } from "./download.ts";
export { type Encode, type Encoding, type TemplateOptions, templateEncode } from "./encoded.ts";
export { type GlueName, type GlueTask, glueNames, glueTasks, type SplitLayout } from "./glue-tasks.ts";
export type { ProbeOptions } from "./held-out.ts";
export { majorityBaseline } from "./majority.ts";
export { createMetric, type Metric, type MetricName, metricNames } from "./metric.ts";
export {
  changedProtocol,
  epochLimit,
  type Head,
  learningRateAt,
  type Protocol,
  type ProtocolChanges,
  protocols,
} from "./protocol.ts";
export { publishedRows } from "./published.ts";
export { glueTasksIn, type ReadOptions, readGlue } from "./read-task.ts";
export { type Identity, readResults, type TrialResult } from "./results.ts";
export { type RunOptions, type RunProgress, runTasks } from "./run.ts";
export { majorityRow, type Score, type ScoreRow, scoreRow } from "./score-row.ts";
export { scoreTable } from "./score-table.ts";
export { type Passage, passages, type SentenceOptions } from "./sentences.ts";
export { type Submission, type SubmissionOptions, submission } from "./submission.ts";
export { type SubsetOptions, subset } from "./subset.ts";
export { type SetSummary, type Spread, summarize } from "./summary.ts";
export { type Table, tableMarkdown, tableText } from "./table.ts";
export { type Example, type ExampleSet, isRegression, outputs, type Task, type TaskData } from "./task.ts";
export type { Trainee, Trial, TrialSetting } from "./trainee.ts";
export { type Evaluation, type Predictions, score, type TrialOutcome, type TrialProgress } from "./trial.ts";
export { trialTable } from "./trial-table.ts";
