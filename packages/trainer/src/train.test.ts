import { expect, it } from "vitest";
import type { Batches, Optimizer, TrainState } from "./contracts.ts";
import { initialState, type TrainSpec, train } from "./train.ts";

/** Gradient descent on p^2: plain numbers, no tensor library in sight. */
const optimizer: Optimizer<number, number, number> = {
  init: () => 0,
  update: (g, s, p) => ({ params: p - 0.1 * g, state: s + 1, applied: true }),
};

async function* counting(from: unknown = null): Batches<number> {
  for (let i = from === null ? 0 : (from as number); ; i++) yield { batch: i, cursor: i + 1 };
}

let live = 0;
const scalar = (value: number) => {
  live++;
  return { data: async () => [value], dispose: () => void live-- };
};

const spec = (microbatches: number, state: TrainState<number, number> = initialState(5, optimizer)) =>
  ({
    state,
    batches: counting(state.cursor),
    grad: (p, batch) => ({ loss: scalar(p * p), grads: 2 * p + 0.01 * Math.sin(batch) }),
    optimizer,
    budget: (p) => p.microbatch / microbatches,
    size: () => ({ examples: 2, tokens: 256 }),
  }) satisfies TrainSpec<number, number, number>;

const finish = async (s: TrainSpec<number, number, number>) => {
  let last = s.state;
  for await (const { state } of train(s)) last = state;
  return last;
};

it("trains until the budget is used and counts what it did", async () => {
  const end = await finish(spec(100));
  expect(end.params).toBeCloseTo(0, 1);
  expect(end.progress).toMatchObject({ microbatch: 100, step: 100, examples: 200, tokens: 25_600, fraction: 1 });
  expect(end.cursor).toBe(100);
});

it("resumes from any report as if it had never stopped", async () => {
  const whole = await finish(spec(100));
  let half: TrainState<number, number> | undefined;
  for await (const report of train(spec(100))) {
    half = report.state;
    if (report.progress.microbatch === 37) break;
  }
  const resumed = await finish(spec(100, JSON.parse(JSON.stringify(half))));
  expect(resumed.params).toBe(whole.params);
  expect(resumed.optimizer).toBe(100);
});

it("frees every loss, also when the caller stops or never reads one", async () => {
  for await (const { progress } of train(spec(50))) if (progress.microbatch === 20) break;
  expect(live).toBe(0);
});

it("lets timers fire while a backend resolves at once", async () => {
  let fired = false;
  const timer = setTimeout(() => (fired = true), 1);
  for await (const { progress } of train(spec(1e9))) if (fired || progress.elapsedMs > 5_000) break;
  clearTimeout(timer);
  expect(fired).toBe(true);
});

it("stops on time and counts time across a resume, on a clock that it is given", async () => {
  let ms = 0;
  const timed = (state?: TrainState<number, number>) => ({
    ...spec(0, state),
    budget: (p: { elapsedMs: number }) => p.elapsedMs / 100,
    elapsed: () => (ms += 5),
  });
  let first: TrainState<number, number> | undefined;
  for await (const { state } of train(timed())) {
    first = state;
    if (state.progress.elapsedMs >= 40) break;
  }
  ms = first!.progress.elapsedMs; // where another session's clock begins
  const end = await finish(timed(first));
  expect(end.progress.elapsedMs).toBeGreaterThanOrEqual(100);
  expect(end.progress.elapsedMs).toBeLessThan(115);
});

it("counts time on a clock that does not follow the time of day", async () => {
  const realNow = Date.now;
  try {
    let last = 0;
    for await (const { progress } of train(spec(20))) {
      Date.now = () => realNow() + (progress.microbatch % 2 === 0 ? -1 : 1) * 86_400_000;
      expect(progress.elapsedMs).toBeGreaterThanOrEqual(last);
      last = progress.elapsedMs;
    }
    expect(last).toBeLessThan(10_000);
  } finally {
    Date.now = realNow;
  }
});

it("waits for an update that ends later, and rethrows its failure", async () => {
  const late: Optimizer<number, number, number> = {
    init: optimizer.init,
    update: async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return optimizer.update(...given);
    },
  };
  const [now, then] = [await finish(spec(10)), await finish({ ...spec(10), optimizer: late })];
  expect(then.params).toBe(now.params);
  expect(then.progress).toMatchObject({ microbatch: 10, step: 10 });
  const lost = { ...optimizer, update: () => Promise.reject(new Error("another machine is gone")) };
  await expect(finish({ ...spec(10), optimizer: lost })).rejects.toThrow("another machine is gone");
});

it("hands the optimizer's state to the gradient function", async () => {
  const seen: number[] = [];
  const grad = (p: number, _: number, __: unknown, state: number) => {
    seen.push(state);
    return { loss: scalar(p), grads: 0 };
  };
  await finish({ ...spec(3), grad });
  expect(seen).toEqual([0, 1, 2]);
});

it("counts a step only where the optimizer applied one", async () => {
  const everyFourth = {
    ...optimizer,
    update: (_g: number, s: number, p: number) => ({ params: p, state: s + 1, applied: (s + 1) % 4 === 0 }),
  };
  const end = await finish({ ...spec(10), optimizer: everyFourth });
  expect(end.progress.step).toBe(2);
});

it("does nothing where the budget is used up already", async () => {
  const end = await finish(spec(10));
  expect(await finish(spec(10, end))).toBe(end);
});

it("rethrows what the device reports, after the losses in flight are settled", async () => {
  const lost = {
    ...spec(10),
    grad: () => ({ loss: { data: () => Promise.reject(new Error("device lost")), dispose() {} }, grads: 0 }),
  };
  await expect(finish(lost)).rejects.toThrow("device lost");
});

it("trains on from a finished state if the budget is a larger one", async () => {
  const longer = await finish(spec(100, await finish(spec(60))));
  expect(longer.progress).toMatchObject({ microbatch: 100, fraction: 1 });
  expect(longer.params).toBe((await finish(spec(100))).params);
  expect((await finish(spec(60, await finish(spec(60))))).progress.microbatch).toBe(60);
});
