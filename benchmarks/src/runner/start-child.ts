import { type ChildProcess, fork } from "node:child_process";
import type { Failure } from "../measure/record.ts";
import { messageOf } from "../measure/suite.ts";
import type { ChildMessage, ChildRequest } from "./child.ts";
import { endGroup } from "./process-group.ts";

/**
 * Runs a suite in a process of its own, and resolves when that has ended; with the failure, if it did not end by itself.
 * It leads a group of processes: what it starts (PyTorch) must not outlive it and keep the device.
 */
export const startChild = (
  script: string,
  { limitMs, ...request }: ChildRequest & { limitMs: number },
  onMessage: (message: ChildMessage) => void,
): Promise<Failure | undefined> =>
  new Promise((resolve) => {
    const failure = (message: string) => failureOf(request, message);
    let child: ChildProcess;
    try {
      // Standard output belongs to the results.
      child = fork(script, ["child", JSON.stringify(request)], { stdio: ["ignore", 2, 2, "ipc"], detached: true });
    } catch (error) {
      resolve(failure(messageOf(error)));
      return;
    }
    let [done, late] = [false, false];
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, limitMs);
    // Its group is not the terminal's: what ends this process has to reach it.
    const stop = (signal: NodeJS.Signals) => {
      endGroup(child.pid);
      process.exit(signal === "SIGINT" ? 130 : 143);
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
    const settle = (outcome: Failure | undefined) => {
      clearTimeout(timer);
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
      resolve(outcome);
    };
    child.on("message", (message: ChildMessage) => ("done" in message ? (done = true) : onMessage(message)));
    child.on("error", (error) => settle(failure(messageOf(error))));
    child.on("exit", (code, signal) => {
      // A crash leaves behind what the suite had started.
      endGroup(child.pid);
      if (late)
        settle(failure(`expected an end within ${Math.round(limitMs / 1000)} s, got none; the suite was stopped`));
      else if (!done)
        settle(failure(`the suite's process ended with ${signal ?? `exit code ${code}`} before it was done`));
      else settle(undefined);
    });
  });

/** What went wrong with a suite as a whole. */
export const failureOf = ({ suite, options }: ChildRequest, message: string): Failure => ({
  ...{ kind: "failure", suite, case: options.shapes.join(", ") || "-" },
  ...{ provider: `${options.backend}, ${options.precision}`, message },
});
