import stringWidth from "string-width";
import { expect, it } from "vitest";
import { fitLine } from "./fit-line.ts";

const training = {
  stage: "training",
  count: "12.3 % of 24 hours",
  left: "21 h 03 min left",
  details: ["loss 2.345", "123,456 tokens/s", "step 1,234", "learning rate 1.0e-3"],
  fraction: 0.123,
};
const whole = [training.stage, training.count, "12.3 %", training.left, ...training.details];

it("fits whole fields at 20 to 300 columns, the loss first", () => {
  for (let columns = 20; columns <= 300; columns++) {
    const line = fitLine(training, columns);
    expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
    for (const field of line.split("  ").filter((field) => !/^[█░]+$/.test(field))) expect(whole).toContain(field);
    expect(line.startsWith("loss 2.345")).toBe(true);
  }
  expect(fitLine(training, 20)).toBe("loss 2.345  training");
  expect(fitLine(training, 300).split("  ")).toHaveLength(8);
});

it("leaves out what does not fit, and counts wide characters as two", () => {
  const fields = { stage: "日本語のモデル", count: "1 of 2 steps", left: "", details: [] };
  expect(fitLine(fields, 14)).toBe("日本語のモデル");
  expect(fitLine(fields, 13)).toBe("1 of 2 steps");
  expect(fitLine(fields, 5)).toBe("1");
});
