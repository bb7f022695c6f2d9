import { expect, it } from "vitest";
import { fault, isFault, partsOf, reworded } from "./index.ts";

it("puts place, problem and remedy together, and keeps them", () => {
  const cause = new Error("read");
  const error = fault({
    code: "damaged-file",
    place: "shard-00001.bin",
    problem: "expected 8 bytes, got 7",
    remedy: "prepare it again",
    details: { bytes: 7 },
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe("shard-00001.bin: expected 8 bytes, got 7; prepare it again");
  expect(error.cause).toBe(cause);
  expect(partsOf(error)).toEqual({
    code: "damaged-file",
    place: "shard-00001.bin",
    problem: "expected 8 bytes, got 7",
    remedy: "prepare it again",
    details: { bytes: 7 },
  });
});

it("leaves out what is not there", () => {
  const error = fault({ code: "cancelled", problem: "cancelled" });
  expect(error.message).toBe("cancelled");
  expect(Object.keys(partsOf(error)).sort()).toEqual(["code", "problem"]);
  expect(Object.hasOwn(error, "cause")).toBe(false);
});

it("has the class that was asked for, and a stack that begins at the caller", () => {
  const error = fault({ code: "invalid-argument", problem: "expected a size, got -1", type: RangeError });
  expect(error).toBeInstanceOf(RangeError);
  expect(error.name).toBe("RangeError");
  expect(error.stack!.split("\n")[1]).toContain("fault.test.ts");
});

it("survives the way out of a worker as its parts", () => {
  const error = fault({ code: "out-of-memory", problem: "no room for 8 rows", details: { rows: 8 } });
  const sent = fault(structuredClone(partsOf(error)));
  expect(sent.message).toBe(error.message);
  expect(sent.code).toBe("out-of-memory");
});

it("is told apart from errors that have a code of another kind", () => {
  expect(isFault(fault({ code: "exists", problem: "x" }))).toBe(true);
  expect(isFault(Object.assign(new Error("x"), { code: "exists" }))).toBe(false);
  expect(isFault(Object.assign(new Error("x"), { code: "toString", problem: "x" }))).toBe(false);
  expect(isFault({ code: "exists", problem: "x" })).toBe(false);
  expect(isFault(undefined)).toBe(false);
});

it("can be worded anew by a caller who knows more", () => {
  const error = fault({
    code: "invalid-argument",
    place: "split",
    problem: "too little",
    remedy: "a",
    type: TypeError,
  });
  const better = reworded(error, { place: "evaluation.heldOut", remedy: "raise it", problem: undefined });
  expect(better.message).toBe("evaluation.heldOut: too little; raise it");
  expect(better.code).toBe("invalid-argument");
  expect(better).toBeInstanceOf(TypeError);
  expect(better.cause).toBe(error);
});
