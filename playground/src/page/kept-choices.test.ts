import { expect, it } from "vitest";
import { keepChoices, keptChoices } from "./kept-choices.ts";
import { reduce, stateWith } from "./state.ts";

const storageOf = (content: string | null) => {
  let held = content;
  return () => ({ getItem: () => held, setItem: (_: string, value: string) => void (held = value) });
};
const refusing = () => {
  throw new Error("this browser has no storage");
};

it("begins with what was chosen in an earlier visit", () => {
  const storage = storageOf(null);
  expect(keptChoices(storage)).toEqual({});
  keepChoices(storage, { size: "tiny", minutes: 7, device: "cpu" });
  expect(keptChoices(storage)).toEqual({ size: "tiny", minutes: 7, device: "cpu" });
});

it.each(["", "null", "[]", '{"size":"huge","minutes":0,"device":"abacus"}', '{"minutes":"NaN","size":7}'])(
  "passes %j over",
  (content) => expect(keptChoices(storageOf(content))).toEqual({}),
);

it("goes on without a storage", () => {
  expect(keptChoices(refusing)).toEqual({});
  expect(() => keepChoices(refusing, { minutes: 1 })).not.toThrow();
});

it("takes the device that was chosen if it is there", () => {
  const deviceOf = (wanted: "cpu" | "webgpu", state: "hardware" | "software" | "none") =>
    reduce(stateWith({ device: wanted }), {
      type: "devices",
      devices: { webgpu: { state, detail: "" }, threads: 2, isIsolated: true, hasStorage: true },
    }).device;
  expect([deviceOf("cpu", "hardware"), deviceOf("webgpu", "software"), deviceOf("webgpu", "none")]).toEqual([
    ...["cpu", "webgpu", "cpu"],
  ]);
});
