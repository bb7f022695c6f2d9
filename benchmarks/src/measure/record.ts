import type { WebgpuReport } from "@cramkit/backend/webgpu";

/** How a number is to be read: the work of a call over its time, or for `ns` the time of one piece of work. */
export type Unit = "GB/s" | "MB/s" | "GFLOP/s" | "tokens/s" | "rows/s" | "examples/s" | "queries/s" | "ns" | "ms";

/** 20th, 50th and 80th percentile. */
export interface Spread {
  p20: number;
  p50: number;
  p80: number;
}

export interface Measurement {
  kind: "measurement";
  suite: string;
  case: string;
  /** What of the case: `forward`, `forward and backward`, `step`; empty if there is one thing only. */
  mode: string;
  /** `cramkit`, or the rival that was timed beside it. */
  provider: string;
  /** The backend that computed, or `host` if none is involved. */
  backend: string;
  precision: string;
  shape: string;
  unit: Unit;
  /** In `unit`. */
  value: Spread;
  /** Milliseconds of one call. */
  ms: Spread;
  samples: number;
  /** Device timestamps, or the host's clock around a synchronisation. */
  clock: "device" | "host";
  /** What limits it at best; `share` is its part of that ceiling as measured in the same run. */
  bound?: "copy" | "matmul";
  share?: number;
  /** 1e9 floating-point operations a second of useful work, if `unit` says something else. */
  gigaflops?: number;
  /** Floating-point operations for each byte that must move at least: its place on a roofline. */
  intensity?: number;
  /** Distance from the reference, relative; what was checked before the time was taken. */
  error?: number;
  /** Bytes that the backend held at most, if it was read. */
  memoryBytes?: number;
  /** What was dispatched, if a case is about that. */
  kernel?: string;
  /** Of the suite `kernels`: calls a step, bytes that they bound, and their part of the step's time. */
  calls?: number;
  bytes?: number;
  part?: number;
  /** Load average of the last minute when the case began. */
  load: number;
}

/** Something that did not work: the rest went on. */
export interface Failure {
  kind: "failure";
  suite: string;
  case: string;
  provider: string;
  message: string;
}

/** Something that was left out, with the reason. */
interface Skipped {
  kind: "skipped";
  suite: string;
  case: string;
  provider: string;
  reason: string;
}

/** Cases of an op that were held against float64, and how close they came. */
export interface Checked {
  kind: "checked";
  suite: string;
  case: string;
  /** The tier of kernels. */
  provider: string;
  cases: number;
  failed: number;
  /** The largest error, as a part of what is allowed. */
  worst: number;
}

/** First line of a run: where and with what it was measured. */
export interface RunHeader {
  kind: "run";
  date: string;
  command: string;
  commit: string;
  /** Uncommitted changes were in the tree. */
  dirty: boolean;
  quick: boolean;
  hardware: string;
  /** The adapter computes on the CPU: its numbers are correctness, never the speed of a GPU. */
  softwareAdapter: boolean;
  driver: string;
  cores: number;
  memoryBytes: number;
  system: string;
  versions: Record<string, string>;
  load: number[];
  /** What the device offers, on WebGPU. */
  device?: WebgpuReport;
  /** What was found on the machine around it: drivers, loaders, libraries. */
  environment?: Record<string, string>;
}

export type Result = Measurement | Checked | Failure | Skipped;
export const resultKinds = ["run", "measurement", "checked", "failure", "skipped"];
export type ResultLine = RunHeader | Result;

/** What makes two measurements comparable. */
export const keyOf = ({ suite, case: name, mode, provider, backend, precision, shape, unit }: Measurement): string =>
  [suite, name, mode, provider, backend, precision, shape, unit].join(" | ");

const scales: Record<Unit, number> = {
  "GB/s": 1e9,
  "MB/s": 1e6,
  "GFLOP/s": 1e9,
  "tokens/s": 1,
  "rows/s": 1,
  "examples/s": 1,
  "queries/s": 1,
  ns: 1e9,
  ms: 1e3,
};

/** Whether a smaller value is the better one. */
export const isTime = (unit: Unit): boolean => unit === "ns" || unit === "ms";

/** The value of `work` (bytes, operations, tokens, calls) done in so many milliseconds. */
export const rateOf = (unit: Unit, work: number, ms: number): number =>
  isTime(unit) ? ((ms / 1000) * scales[unit]) / work : work / (ms / 1000) / scales[unit];
