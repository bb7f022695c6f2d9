import { expect, it } from "vitest";
import { checkLayout, LAYOUT } from "./index.ts";

it("passes its own layout and refuses any other, with a code and what to do", () => {
  expect(() => checkLayout("CramkitLinear", { layout: LAYOUT })).not.toThrow();
  for (const layout of [LAYOUT - 1, LAYOUT + 1, Number.NaN]) {
    const remedy = "install versions of @cramkit/ops and @cramkit/backend that were published together";
    expect(() => checkLayout("CramkitLinear", { layout })).toThrow(
      expect.objectContaining({
        code: "version-mismatch",
        remedy,
        message: `CramkitLinear: expected WebAssembly of call layout ${LAYOUT}, got layout ${layout}; ${remedy}`,
      }),
    );
  }
});
