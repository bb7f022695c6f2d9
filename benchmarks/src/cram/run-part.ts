import { type ChildProcess, fork } from "node:child_process";
import { messageOf } from "../measure/suite.ts";
import { endGroup } from "../runner/process-group.ts";
import type { PartOutcome } from "./files.ts";

/** What a part may say before it ends; saying nothing means that it is done if its exit code is 0. */
export type PartMessage = { skipped: string } | { failed: string };

/** From being asked to stop until it is ended: time to write down what there is. */
const graceMs = 15_000;

/**
 * Runs the program again with other arguments, and resolves when that has ended, or was ended at its limit: first asked to
 * (SIGTERM), then with all that it started. `signal` stops it before.
 */
export const runPart = (
  name: string,
  { script, args, limitMs, signal }: { script: string; args: readonly string[]; limitMs: number; signal: AbortSignal },
): Promise<PartOutcome> =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const outcomeOf = (outcome: PartOutcome["outcome"], message?: string): PartOutcome => {
      const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
      return { name, outcome, seconds, ...(message !== undefined && { message }) };
    };
    let child: ChildProcess;
    try {
      child = fork(script, args, { stdio: ["ignore", 2, 2, "ipc"], detached: true });
    } catch (error) {
      resolve(outcomeOf("failed", messageOf(error)));
      return;
    }
    let said: PartMessage | undefined;
    let late = false;
    let end: NodeJS.Timeout | undefined;
    const ask = () => {
      child.kill("SIGTERM");
      end ??= setTimeout(() => endGroup(child.pid), graceMs);
    };
    const limit = setTimeout(() => {
      late = true;
      ask();
    }, limitMs);
    if (signal.aborted) ask();
    signal.addEventListener("abort", ask);
    const settle = (outcome: PartOutcome) => {
      clearTimeout(limit);
      clearTimeout(end);
      signal.removeEventListener("abort", ask);
      resolve(outcome);
    };
    child.on("message", (message: PartMessage) => (said = message));
    child.on("error", (error) => settle(outcomeOf("failed", messageOf(error))));
    child.on("exit", (code, killedBy) => {
      endGroup(child.pid); // a crash leaves behind what the part had started
      if (signal.aborted) settle(outcomeOf("interrupted", "stopped by the user"));
      else if (late) settle(outcomeOf("stopped", `its ${Math.round(limitMs / 1000)} s were over`));
      else if (said && "skipped" in said) settle(outcomeOf("skipped", said.skipped));
      else if (said) settle(outcomeOf("failed", said.failed));
      else if (code !== 0) settle(outcomeOf("failed", `its process ended with ${killedBy ?? `exit code ${code}`}`));
      else settle(outcomeOf("done"));
    });
  });
