import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { codeOf, explain, fault, hasCode, problemOf, toFault } from "./index.ts";

const thrown = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error, got none");
};
const system = (code: string, path?: string) => Object.assign(new Error(`${code}: whatever`), { code, path });

it("finds a code in causes and in the errors of an AggregateError, and ends in a circle", () => {
  const inner = fault({ code: "disk-full", problem: "full" });
  const circle = new Error("circle", { cause: new AggregateError([new Error("a"), new Error("b", { cause: inner })]) });
  (circle.cause as Error).cause = circle;
  expect(hasCode(circle, "disk-full")).toBe(true);
  expect(hasCode(circle, "network", "disk-full")).toBe(true);
  expect(hasCode(circle, "network")).toBe(false);
  expect(hasCode("disk-full", "disk-full")).toBe(false);
  expect(hasCode(null, "disk-full")).toBe(false);
});

it.each([
  ["ENOSPC", "disk-full"],
  ["EDQUOT", "disk-full"],
  ["EROFS", "read-only"],
  ["EACCES", "refused"],
  ["ENOENT", "not-found"],
  ["ENOMEM", "out-of-memory"],
  ["ERR_WORKER_OUT_OF_MEMORY", "out-of-memory"],
  ["ECONNRESET", "network"],
] as const)("knows the system's %s as %s", (name, code) => {
  expect(codeOf(system(name))).toBe(code);
});

it("knows what this engine says when an allocation fails", () => {
  expect(codeOf(thrown(() => new ArrayBuffer(2 ** 53 - 1)))).toBe("out-of-memory");
  expect(codeOf(thrown(() => new Float32Array(2 ** 52)))).toBe("out-of-memory");
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  expect(codeOf(thrown(() => memory.grow(2)))).toBe("out-of-memory");
  expect(codeOf(thrown(() => "x".repeat(2 ** 30)))).toBe("too-large");
});

it("knows what tfjs-node says", () => {
  const error = new Error("Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[8,128]\nmore");
  expect(codeOf(error)).toBe("out-of-memory");
  expect(codeOf(new Error("Invalid TF_Status: 3\nMessage: OOM is a word here"))).toBeUndefined();
});

it.each([
  "oom/shard-00000.bin: out of memory",
  "Array buffer allocation failed in a text",
  "shard.bin: Array buffer allocation failed",
  "OOM",
])("takes no other error that holds such words for one: %s", (message) => {
  expect(codeOf(new Error(message))).toBeUndefined();
  expect(codeOf(new RangeError(message))).toBeUndefined();
});

it("takes nothing that an object inherits for a code", () => {
  expect(codeOf(system("constructor"))).toBeUndefined();
  expect(codeOf(Object.assign(new Error("x"), { code: 28 }))).toBeUndefined();
});

it("explains any error in parts", () => {
  expect(explain(thrown(() => readFileSync("/no/such/file")))).toMatchObject({
    code: "not-found",
    place: "/no/such/file",
    problem: "no such file or folder (ENOENT)",
  });
  expect(explain(new Error("something else"))).toEqual({ problem: "something else" });
  expect(explain("text")).toEqual({ problem: "text" });
  const parts = { code: "locked", problem: "taken", remedy: "wait" } as const;
  expect(explain(fault(parts))).toEqual(parts);
  expect(problemOf(fault({ ...parts, place: "run" }))).toBe("run: taken");
  expect(problemOf(fault(parts))).toBe("taken");
  expect(problemOf(new Error("two\n  lines\n"))).toBe("two lines");
});

it("gives an error of the system the place and the remedy that its caller knows, and leaves others alone", () => {
  const cause = system("ENOSPC", "/data/x.partial-1");
  const error = toFault(cause, { place: "/data/x", remedy: "resume it later" }) as Error;
  expect(error.message).toBe("/data/x: the disk is full (ENOSPC); resume it later");
  expect(error.cause).toBe(cause);
  expect(toFault(error, { place: "elsewhere" })).toBe(error);
  const other = new Error("a bug");
  expect(toFault(other, { place: "elsewhere" })).toBe(other);
});
