import { inspectWebgpu } from "@cramkit/backend/webgpu";
import { backend } from "@tensorflow/tfjs-core";
import { missingProducts, startCompute, sync } from "../measure/compute.ts";
import type { DeviceReport } from "../measure/machine.ts";
import type { ResultLine } from "../measure/record.ts";
import { createContext, messageOf, type SuiteOptions } from "../measure/suite.ts";
import { endGroup } from "./process-group.ts";
import { suites } from "./registry.ts";

/** What a child tells its parent. */
export type ChildMessage = { result: Exclude<ResultLine, { kind: "run" }> } | { device: DeviceReport } | { done: true };

export interface ChildRequest {
  /** A suite, or `device` to say what the backend is. */
  suite: string;
  options: SuiteOptions;
}

const send = (message: ChildMessage): Promise<void> =>
  new Promise((resolve, reject) =>
    process.send!(message, (error: Error | null) => (error ? reject(error) : resolve())),
  );

/** Runs one suite in a process of its own, so that a crash or a lost device ends nothing else. */
export const runChild = async ({ suite, options }: ChildRequest): Promise<never> => {
  // Nobody takes the results any more: the parent was killed.
  process.on("disconnect", () => {
    endGroup(process.pid);
    process.exit(1);
  });
  const pending: Promise<void>[] = [];
  const emit = (result: Exclude<ResultLine, { kind: "run" }>) => void pending.push(send({ result }));
  try {
    const missing = await missingProducts(options);
    if (missing) emit({ kind: "skipped", suite, case: "-", provider: options.products!, reason: missing });
    else if (suite === "device") pending.push(send({ device: await describeDevice(options) }));
    else await (await suites[suite]!()).run(createContext(suite, options, emit, sync));
  } catch (error) {
    emit({ kind: "failure", suite, case: "-", provider: "-", message: messageOf(error) });
  }
  await Promise.all(pending);
  await send({ done: true });
  process.exit(0); // Dawn and worker threads would keep the process
};

const describeDevice = async (options: SuiteOptions): Promise<DeviceReport> => {
  const { description } = await startCompute(options);
  // TensorFlow does not say what it computes on.
  if (options.backend !== "webgpu") return { driver: description, software: false };
  const info = (backend() as { device?: GPUDevice }).device?.adapterInfo;
  const report = await inspectWebgpu();
  const adapter = info?.device || info?.description || report.adapter;
  return { adapter, driver: info?.description ?? "", software: report.software, report };
};
