import { expect, it } from "vitest";
import type { Result } from "../measure/record.ts";
import { verdictOf } from "./verdict.ts";

const result = (kind: Result["kind"], more: object = {}) => ({ kind, ...more }) as Result;

it("passes if everything worked, and says that toys tell nothing of speed", () => {
  const results = [result("measurement"), result("checked", { failed: 0 })];
  expect(verdictOf(results, { quick: true })).toBe(
    "verdict: PASS, 2 worked, 0 failed; toy shapes: the times say nothing about speed",
  );
  expect(verdictOf(results, { quick: false })).toBe("verdict: PASS, 2 worked, 0 failed");
});

it("fails over a suite that failed and over a case that is wrong, and counts what was skipped", () => {
  expect(verdictOf([result("measurement"), result("failure"), result("skipped")], { quick: false })).toBe(
    "verdict: FAIL, 1 worked, 1 failed, 1 skipped",
  );
  expect(verdictOf([result("checked", { failed: 2 })], { quick: false })).toBe("verdict: FAIL, 0 worked, 1 failed");
});

it("does not call it a pass if nothing ran", () => {
  expect(verdictOf([result("skipped")], { quick: false })).toBe("verdict: NOTHING RAN, 0 worked, 0 failed, 1 skipped");
});
