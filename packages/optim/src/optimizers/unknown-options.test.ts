import { expect, it } from "vitest";
import * as optim from "../index.ts";

const inner = optim.adamw();

it.each([
  ["adamw", () => optim.adamw({ lr: 0.1 } as object)],
  ["adamw8bit", () => optim.adamw8bit({ blockSize: 64 } as object)],
  ["adam", () => optim.adam({ lr: 0.1 } as object)],
  ["radam", () => optim.radam({ beta1: 0.1 } as object)],
  ["sgd", () => optim.sgd({ lr: 0.1 } as object)],
  ["lars", () => optim.lars({ lr: 0.1 } as object)],
  ["sophia", () => optim.sophia({ lr: 0.1 } as object)],
  ["adahessian", () => optim.adahessian({ lr: 0.1 } as object)],
  ["shampoo", () => optim.shampoo({ lr: 0.1 } as object)],
  ["muon", () => optim.muon({ lr: 0.1 } as object)],
  ["clip", () => optim.clip(inner, { norm: 1 } as object)],
  ["ema", () => optim.ema(inner, { beta: 0.9 } as object)],
  ["lawa", () => optim.lawa(inner, { k: 3 } as object)],
  ["sam", () => optim.sam(inner, { radius: 3 } as object)],
  ["lossScaling", () => optim.lossScaling(inner, { scale: 3 } as object)],
  ["accumulate", () => optim.accumulate(inner, { batchSize: 4, microbatchSize: 2, steps: 3 } as never)],
])("%s refuses an option by a name that it does not have", (_, make) => {
  expect(make).toThrow(/unknown option "\w+"; available: \w+/);
});
