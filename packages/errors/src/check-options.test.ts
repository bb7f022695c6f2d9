import { expect, it } from "vitest";
import { checkOptions } from "./check-options.ts";
import { codeOf } from "./code-of.ts";

interface Options {
  rate?: number;
  steps?: number;
}

const check = (options: object, instead?: Record<string, string>) => () =>
  checkOptions<Options>("train", options, { rate: true, steps: true }, instead);

it("takes what there is, and what is undefined", () => {
  for (const options of [{}, { rate: 1 }, { rate: 1, steps: 2 }, { lr: undefined }])
    expect(check(options)).not.toThrow();
});

it("refuses other names, and says which there are, or what to write", () => {
  expect(check({ rate: 1, lr: 1 })).toThrow('train: unknown option "lr"; available: rate, steps');
  expect(check({ lr: 1 }, { lr: "rate" })).toThrow('train: unknown option "lr"; write rate');
  for (const name of ["toString", "constructor", "__proto__x"]) expect(check({ [name]: 1 })).toThrow(name);
  let error: unknown;
  try {
    check({ lr: 1 })();
  } catch (thrown) {
    error = thrown;
  }
  expect(codeOf(error)).toBe("invalid-argument");
  expect(error).toMatchObject({ details: { option: "lr" } });
  expect(error).toBeInstanceOf(TypeError);
});

it.each([[null], [3], ["rate"], [[1]], [true]])("refuses %j, which is no object of options", (options) => {
  expect(check(options as never)).toThrow(/^train: expected an object of options, got .+; pass \{ rate: \.\.\. \}$/);
});
