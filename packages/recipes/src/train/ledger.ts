import type { Spent } from "../snapshot/checkpoint-format.ts";
import type { Energy } from "./energy.ts";

/** Adds up what a run uses besides the training itself, over its sessions. */
export interface Ledger {
  spent(): Spent;
  /** Does the work and counts its time. */
  time<T>(what: "evaluationMs" | "checkpointMs", work: () => Promise<T>): Promise<T>;
  /** The longest evaluation of this session. */
  longestEvaluationMs(): number;
  checkpointWritten(ms: number): void;
}

/** `energy` reads what this session has used. */
export const openLedger = (from: Spent | undefined, energy: () => Energy): Ledger => {
  const totals = { evaluationMs: from?.evaluationMs ?? 0, checkpointMs: from?.checkpointMs ?? 0 };
  let longestCheckpointMs = from?.longestCheckpointMs ?? 0;
  let longestEvaluationMs = 0;
  return {
    spent() {
      const { cpuJoules, gpuJoules } = energy();
      return {
        ...totals,
        longestCheckpointMs,
        ...sum("cpuJoules", from?.cpuJoules, cpuJoules),
        ...sum("gpuJoules", from?.gpuJoules, gpuJoules),
      };
    },
    async time(what, work) {
      const startedAt = performance.now();
      try {
        return await work();
      } finally {
        const ms = performance.now() - startedAt;
        totals[what] += ms;
        if (what === "evaluationMs") longestEvaluationMs = Math.max(longestEvaluationMs, ms);
      }
    },
    longestEvaluationMs: () => longestEvaluationMs,
    checkpointWritten(ms) {
      longestCheckpointMs = Math.max(longestCheckpointMs, ms);
    },
  };
};

const sum = <K extends string>(name: K, before: number | undefined, now: number | undefined) =>
  (before === undefined && now === undefined ? {} : { [name]: (before ?? 0) + (now ?? 0) }) as { [key in K]?: number };
