export { type CheckpointFormat, type Checkpoints, type CheckpointsOptions, openCheckpoints } from "./checkpoints.ts";
export { type MetricsLog, type MetricsRow, openMetrics, readMetrics } from "./metrics.ts";
export { type EventLog, openEventLog } from "./tensorboard.ts";
