import { expect, it } from "vitest";
import { Contention } from "./contention.ts";

it("shares while the others keep up", () => {
  const contention = new Contention(2);
  for (let now = 0; now < 10_000; now += 10) {
    contention.record(7, 3, now);
    expect(contention.mayShare(now)).toBe(true);
  }
});

it("stays alone for a while after waiting longer than doing it all would have taken", () => {
  const contention = new Contention(2);
  contention.record(40, 61, 1000);
  expect(contention.mayShare(1199)).toBe(false);
  expect(contention.mayShare(1200)).toBe(true);
  contention.record(40, 61, 2000);
  expect(contention.mayShare(2399)).toBe(false);
  contention.record(61, 40, 3000);
  contention.record(40, 61, 4000);
  expect(contention.mayShare(4200)).toBe(true);
});

it("waits longer for more threads", () => {
  const contention = new Contention(4);
  contention.record(40, 100, 1000);
  expect(contention.mayShare(1001)).toBe(true);
});
