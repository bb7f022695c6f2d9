export {
  type CheckpointFormat,
  type Checkpoints,
  type CheckpointsOptions,
  type ListedCheckpoint,
  listCheckpoints,
  openCheckpoints,
  readCheckpoint,
} from "./checkpoints.ts";
export { type MetricsLog, type MetricsRow, openMetrics, readMetrics } from "./metrics.ts";
export { type EventLog, openEventLog } from "./tensorboard.ts";
