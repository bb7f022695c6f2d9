/** What the page and its worker say to each other: plain data both ways. */
import type { TokenizerJson } from "@cramkit/tokenizer";

export type DeviceName = "webgpu" | "cpu";
export const sizeNames = ["tiny", "small", "medium", "large"] as const;
export type SizeName = (typeof sizeNames)[number];

/** What this browser offers for training. */
export interface Devices {
  /** The adapter, or why there is none. */
  webgpu: { state: "hardware" | "software" | "none" | "silent"; detail: string };
  /** Threads that WebAssembly may use; 1 without cross-origin isolation. */
  threads: number;
  isIsolated: boolean;
  /** Whether checkpoints can be written to the browser's own file system. */
  hasStorage: boolean;
}

/** The text that a run learns from. */
export interface TextFacts {
  name: string;
  characters: number;
  /** Set when only the beginning of a larger file was read: its size in bytes. */
  wholeBytes?: number;
}

/** One token of a row: what the model sees, and what it shall predict if it is masked. */
export interface RowToken {
  seen: string;
  target?: string;
}

/** Text as token ids in rows, and what to compare a model with. */
export interface Prepared {
  text: TextFacts;
  tokenizer: TokenizerJson;
  vocabSize: number;
  seqLength: number;
  tokensPerStep: number;
  rows: number;
  heldOutRows: number;
  tokens: number;
  /** Held-out loss of predicting each token by its frequency alone, in nats. */
  unigramLoss: number;
  /** The first masked batch, a few rows of it. */
  examples: RowToken[][];
  sizes: SizeFacts[];
}

/** A size of model on this vocabulary. */
export interface SizeFacts {
  size: SizeName;
  layers: number;
  hidden: number;
  parameters: number;
  /** Matrix operations of a token, forward and backward. */
  flopsPerToken: number;
}

/** Settings of a run, fixed when it starts. */
export interface RunSettings {
  size: SizeName;
  minutes: number;
  device: DeviceName;
}

/** A point of the loss curve. */
export interface LossPoint {
  step: number;
  loss: number;
}

/** Where a run stands. */
export interface RunView {
  settings: RunSettings;
  step: number;
  tokens: number;
  elapsedMs: number;
  fraction: number;
  learningRate: number;
  tokensPerSecond: number;
  training: LossPoint[];
  heldOut: LossPoint[];
  /** What computes, in words. */
  device: string;
}

/** A guess for a mask. */
export interface Guess {
  token: string;
  probability: number;
}

/** The guesses for every mask of a sentence, best first. */
export interface Guesses {
  sentence: string;
  step: number;
  masks: Guess[][];
  /** Why there are none. */
  problem?: string;
}

export interface Problem {
  problem: string;
  remedy?: string;
}

export type Command =
  | { type: "look" }
  | { type: "prepare"; text: string; facts: TextFacts }
  /** Prepares the text that an earlier visit left. */
  | { type: "prepareKept" }
  | { type: "measure"; size: SizeName; device: DeviceName }
  | { type: "train"; settings: RunSettings }
  | { type: "pause" }
  | { type: "resume"; minutes?: number }
  | { type: "guess"; sentence: string }
  | { type: "archive" }
  | { type: "forget" };

/** What the worker asks of the page for its threads. */
export type ThreadRequest =
  | { type: "startThread"; thread: number; script: string; message: unknown }
  | { type: "endThread"; thread: number };

export type Event =
  | { type: "devices"; devices: Devices }
  /** A run of an earlier visit is stored; `prepared` and `run` show where it stands. */
  | { type: "stored"; prepared: Prepared; run: RunView }
  /** An earlier visit chose a text, and no run came of it. */
  | { type: "kept"; text: TextFacts }
  | { type: "tokenizer"; phase: "count" | "train"; fraction: number }
  | { type: "prepared"; prepared: Prepared }
  | { type: "measured"; size: SizeName; device: DeviceName; msPerStep: number }
  /** The device compiles what the run needs, and its time has not begun. */
  | { type: "running"; run: RunView }
  /** The first step is done: the time of the run begins, or goes on. */
  | { type: "begun" }
  | { type: "progress"; run: Omit<RunView, "training" | "heldOut">; training: LossPoint[]; heldOut: LossPoint[] }
  | { type: "paused"; reason: "asked" | "finished" }
  | { type: "saved"; step: number }
  | { type: "guesses"; guesses: Guesses }
  | { type: "archive"; name: string; bytes: Uint8Array<ArrayBuffer> }
  | { type: "forgotten" }
  /** Something went otherwise than asked for, and the work goes on. */
  | { type: "notice"; notice: Problem }
  /** What a notice said holds no longer. */
  | { type: "withdrawn"; notice: Problem }
  /** A command failed. */
  | { type: "failed"; command: Command["type"]; failure: Problem };
