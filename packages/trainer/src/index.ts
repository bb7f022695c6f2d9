export type { Batches, Budget, DeviceScalar, GradFn, Optimizer, Progress, TrainState, Updated } from "./contracts.ts";
export { createGuard, type Guard, type GuardOptions, type GuardState, type Verdict } from "./guard.ts";
export { type GuardedSpec, rolledBack, TrainingDiverged, trainGuarded } from "./guarded.ts";
export { findMicrobatch, type MicrobatchTrial } from "./microbatch.ts";
export { type BatchSize, initialState, type StepReport, type TrainSpec, train } from "./train.ts";
