import { Interrupted } from "@cramkit/recipes";
import { messageOf } from "../measure/suite.ts";
import { endGroup } from "../runner/process-group.ts";
import { type PartContext, Skipped } from "./part-context.ts";
import { finetunePart } from "./parts/finetune.ts";
import { pytorchPart } from "./parts/pytorch.ts";
import { trainPart } from "./parts/train.ts";
import type { CramOptions, CramPart } from "./plan.ts";
import type { PartMessage } from "./run-part.ts";

export interface PartRequest {
  part: CramPart;
  options: CramOptions;
  limitMs: number;
}

/** Between two lines that say how far a part is. */
const sayEveryMs = 5_000;

/** Does one part of a cram in this process, and ends it. */
export const runCramPart = async ({ part, options, limitMs }: PartRequest): Promise<never> => {
  const startedAt = performance.now();
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => controller.abort());
  process.on("disconnect", () => {
    endGroup(process.pid); // nobody waits for it any more
    process.exit(1);
  });
  let saidAt = Number.NEGATIVE_INFINITY;
  const context: PartContext = {
    signal: controller.signal,
    preparedData: "reuse", // their text stayed where they were prepared
    leftMs: () => limitMs - (performance.now() - startedAt),
    say: (line) => console.error(line),
    onProgress({ stage, done, total, detail }) {
      if (performance.now() - saidAt < sayEveryMs) return;
      saidAt = performance.now();
      const share = total === undefined ? String(done) : `${((100 * done) / total).toFixed(0)} %`;
      console.error(`${stage}: ${share} ${detail ?? ""}`);
    },
  };
  const recipe = part.recipe ?? "";
  let message: PartMessage | undefined;
  try {
    if (part.kind === "train") await trainPart(recipe, options, context);
    else if (part.kind === "pytorch") await pytorchPart(recipe, options, context);
    else await finetunePart(recipe, options, { untrained: part.kind === "untrained" }, context);
  } catch (error) {
    if (error instanceof Skipped) message = { skipped: error.message };
    else if (!(error instanceof Interrupted)) message = { failed: messageOf(error) };
  }
  if (message) await new Promise((sent) => process.send!(message, sent));
  process.exit(0); // Dawn and worker threads would keep the process
};
