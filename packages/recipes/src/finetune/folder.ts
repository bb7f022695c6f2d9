import { join } from "node:path";
import { fault } from "@cramkit/errors";
import type { Epoch, Evaluation, Outcome, Settings, Task } from "@cramkit/finetune";
import { readRecord } from "../run-record.ts";
import type { FinetuneSpec } from "./spec.ts";

/** The files of a finetuning. */
export const finetuneFiles = (folder: string) => ({
  model: join(folder, "model"),
  /** What was asked for, from the beginning: another request does not go on in this folder. */
  request: join(folder, "finetune.json"),
  /** What came of it. */
  result: join(folder, "result.json"),
  metrics: join(folder, "metrics.jsonl"),
  checkpoints: join(folder, "checkpoints"),
  report: join(folder, "report.html"),
});

/** A finetuning that has ended. Plain JSON. */
export interface FinetuneResult {
  readonly task: Task;
  readonly settings: Settings;
  readonly trainRows: number;
  readonly history: readonly Epoch[];
  readonly bestEpoch: number;
  readonly evaluation: Evaluation;
  readonly outcomes: readonly Outcome[];
  /** Of all its sessions. */
  readonly seconds: number;
  /** SHA-256 of the model's files. */
  readonly modelDigest: string;
  readonly backend: string;
}

export interface FinetuneRequest extends Omit<FinetuneSpec, "folder"> {
  /** SHA-256 of the pretrained model's files. */
  readonly digest: string;
  /** SHA-256 over all examples. */
  readonly examples: string;
}

/** What a folder of a finetuning holds. */
export interface FinetuneRecord {
  readonly folder: string;
  readonly request: FinetuneRequest;
  readonly result: FinetuneResult;
}

/** What to do about a record of a finetuning that was damaged. */
export const again = (folder: string): string => `restore it from a copy, or remove ${folder} and finetune again`;

/** @throws a fault `not-found` over a folder without a finished finetuning */
export const readFinetuning = async (folder: string): Promise<FinetuneRecord> => {
  const files = finetuneFiles(folder);
  const request = await readRecord<FinetuneRequest>(files.request, again(folder));
  const result = await readRecord<FinetuneResult>(files.result, again(folder));
  if (request && result) return { folder, request, result };
  throw fault({
    code: "not-found",
    place: folder,
    problem: request
      ? "expected a finished finetuning, got one that was stopped"
      : "expected the folder of a finetuning",
    remedy: request
      ? "give the command that began it again: it goes on"
      : "name the folder that `cramkit finetune` wrote",
  });
};
