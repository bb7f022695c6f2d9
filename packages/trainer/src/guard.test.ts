import { expect, it } from "vitest";
import { createGuard, type Guard } from "./guard.ts";
import { rolledBack, TrainingDiverged, trainGuarded } from "./guarded.ts";
import { initialState, type TrainState, train } from "./index.ts";

const verdictOf = (guard: Guard, loss: number, fraction: number) => {
  guard.observe(loss, fraction);
  return guard.verdict();
};
const observe = (losses: number[], options = {}) => {
  const guard = createGuard(options);
  return losses.map((loss) => verdictOf(guard, loss, 0.5).action);
};
const steady = Array(20).fill(3);

it("lets noise and a single bad loss pass", () => {
  expect(new Set(observe([...steady, 9, 3, Number.NaN, 3, 5.9, 3]))).toEqual(new Set(["continue"]));
});

it("asks for a rollback after repeated spikes or non-finite losses", () => {
  expect(observe([...steady, ...Array(5).fill(7)]).at(-1)).toBe("rollback");
  expect(observe([...steady, ...Array(5).fill(Number.NaN)]).at(-1)).toBe("rollback");
});

it("gives up after its rollbacks are spent", () => {
  const guard = createGuard({ patience: 1, maxRollbacks: 2 });
  const actions = [1, 2, 3].map(() => verdictOf(guard, Number.POSITIVE_INFINITY, 0).action);
  expect(actions).toEqual(["rollback", "rollback", "give-up"]);
  expect(guard.state).toMatchObject({ nonFinite: 3, rollbacks: 2 });
});

it("abandons a run whose loss never fell", () => {
  const guard = createGuard({ abandon: { fraction: 0.2, loss: 6 } });
  expect(verdictOf(guard, 7, 0.1).action).toBe("continue");
  expect(verdictOf(guard, 7, 0.2)).toMatchObject({ action: "give-up", reason: expect.stringContaining("7.000") });
});

/** A run on plain numbers whose batches 30 to 39 poison the parameter. */
const poisoned = (badFrom: number, badTo: number) => {
  const optimizer = {
    init: () => 0,
    update: (g: number, s: number, p: number) => ({ params: p - g, state: s, applied: true }),
  };
  async function* batches(from: number) {
    for (let i = from; ; i++) yield { batch: i, cursor: i + 1 };
  }
  const start = (state: TrainState<number, number>) =>
    train({
      state,
      batches: batches((state.cursor as number) ?? 0),
      optimizer,
      grad: (p: number, i: number) => ({
        loss: { data: async () => [p], dispose() {} },
        grads: i >= badFrom && i < badTo ? Number.NaN : 0,
      }),
      budget: (p) => p.microbatch / 100,
      size: () => ({ examples: 1, tokens: 1 }),
    });
  return { start, state: initialState(1, optimizer) };
};

it("rolls back to the last good state and skips the data that did the harm", async () => {
  let saved: TrainState<number, number> | undefined;
  const reasons: string[] = [];
  let last: TrainState<number, number> | undefined;
  const { start, state } = poisoned(30, 32);
  const restore = async (current: TrainState<number, number>, reason: string) => {
    reasons.push(reason);
    return rolledBack(saved!, current);
  };
  for await (const report of trainGuarded({ start, state, restore, guard: createGuard({ patience: 2 }) })) {
    if (report.progress.microbatch === 25) saved = report.state;
    last = report.state;
  }
  expect(reasons).toEqual(["loss is NaN, 2 times in a row"]);
  expect(last).toMatchObject({ params: 1, progress: { microbatch: 100 } });
  expect(last!.cursor).toBeGreaterThan(100);
});

it("gives up with the reason when rolling back does not help", async () => {
  const { start, state } = poisoned(0, 1e9);
  const run = async () => {
    for await (const _ of trainGuarded({
      start,
      state,
      restore: async (current) => rolledBack(state, current),
      guard: createGuard({ patience: 1, maxRollbacks: 3 }),
    }));
  };
  await expect(run()).rejects.toThrow(TrainingDiverged);
  await expect(run()).rejects.toThrow(/loss is NaN.*after 3 rollbacks/);
});

it("goes on from its state as if it had never stopped", () => {
  const losses = [...steady, 9, 9, Number.NaN, 3, ...Array(4).fill(8)];
  const whole = createGuard();
  let parts = createGuard();
  for (const loss of losses) {
    whole.observe(loss, 0.5);
    parts.observe(loss, 0.5);
    parts = createGuard({}, JSON.parse(JSON.stringify(parts.state)));
  }
  expect(parts.state).toEqual(whole.state);
  expect(verdictOf(parts, 8, 0.5).action).toBe("rollback");
});

it("rolls back over what the losses do not show, and at the very end of the budget", async () => {
  const { start, state } = poisoned(1e9, 1e9);
  const guard = createGuard();
  const reasons: string[] = [];
  const restore = async (current: TrainState<number, number>, reason: string) => {
    reasons.push(`${reason} at ${current.progress.microbatch}`);
    return rolledBack(state, current);
  };
  let failed = false;
  let microbatches = 0;
  for await (const { progress } of trainGuarded({ start, state, restore, guard })) {
    microbatches++;
    if (progress.microbatch !== 100 || failed) continue;
    guard.fail("the gradients were not finite");
    failed = true;
  }
  expect(reasons).toEqual(["the gradients were not finite at 100"]);
  expect(microbatches).toBe(200); // what was rolled back is not used up
});

it("takes its verdict on the same microbatch every time", async () => {
  const ends = new Set<number>();
  for (const pause of [0, 1, 3]) {
    const { start, state } = poisoned(30, 1e9);
    const restore = async (current: TrainState<number, number>): Promise<never> => {
      ends.add(current.progress.microbatch);
      throw new Error("enough");
    };
    const run = async () => {
      for await (const _ of trainGuarded({ start, state, restore, guard: createGuard() }))
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    };
    await expect(run()).rejects.toThrow("enough");
  }
  expect(ends.size).toBe(1);
});
