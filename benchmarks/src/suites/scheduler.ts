import { batchRamp, byBudget, studySchedule, studyScheduleNames } from "@cramkit/scheduler";
import type { Suite } from "../measure/suite.ts";

const calls = 10_000;

/** Something must come of the values, or the engine leaves the loop out. */
let sink = 0;

const progressAt = (i: number) => ({
  microbatch: i,
  step: i,
  examples: 16 * i,
  tokens: 2048 * i,
  elapsedMs: i,
  fraction: i / calls,
});

export const schedulerSuite: Suite = {
  name: "scheduler",
  describes: "schedules and batch ramps: ns a call",
  hasShapes: false,
  async run({ measure }) {
    for (const name of studyScheduleNames) {
      const schedule = byBudget(studySchedule(name));
      await measure({
        case: name,
        unit: "ns",
        backend: "host",
        limitMs: 2_000,
        contestants: [
          {
            provider: "cramkit",
            work: calls,
            run: () => {
              for (let i = 0; i < calls; i++) sink += schedule(progressAt(i));
            },
            check: () =>
              Array.from({ length: 101 }, (_, i) => schedule(progressAt((i * calls) / 100))).every(
                (v) => v >= 0 && v <= 1,
              )
                ? 0
                : 1,
          },
        ],
      });
    }
    const ramp = batchRamp({ batchSize: 8192, microbatchSize: 128, ramp: 0.6 });
    await measure({
      case: "batch ramp",
      unit: "ns",
      backend: "host",
      contestants: [
        {
          provider: "cramkit",
          work: calls,
          run: () => {
            for (let i = 0; i < calls; i++) sink += ramp(progressAt(i));
          },
          check: () => (ramp(progressAt(calls)) === 8192 ? 0 : 1),
        },
      ],
    });
    if (Number.isNaN(sink)) throw new Error("expected numbers of the schedules, got NaN");
  },
};
