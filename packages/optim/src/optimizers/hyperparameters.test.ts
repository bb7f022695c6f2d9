import { expect, it } from "vitest";
import {
  accumulate,
  adafactor,
  adahessian,
  adam,
  adamw,
  adamw8bit,
  adamwScale,
  agd,
  ema,
  lamb,
  larc,
  lars,
  lawa,
  lion,
  lossScaling,
  muon,
  progressiveBatch,
  radam,
  sam,
  sgd,
  shampoo,
  sophia,
  stableAdamw,
} from "../index.ts";

const bad: Record<string, [() => unknown, string][]> = {
  adam: [
    [() => adam({ b1: -0.1 }), '"b1" in [0, 1), got -0.1'],
    [() => adam({ epsilon: Number.NaN }), '"epsilon"'],
  ],
  adamw8bit: [
    [() => adamw8bit({ b1: 1 }), '"b1" in [0, 1), got 1'],
    [() => adamw8bit({ minSize: 0 }), '"minSize"'],
    [() => adamw8bit({ weightDecay: -1 }), '"weightDecay"'],
  ],
  adamwScale: [[() => adamwScale({ b2: 1 }), '"b2" in [0, 1), got 1']],
  stableAdamw: [[() => stableAdamw({ weightDecay: Number.NaN }), '"weightDecay"']],
  radam: [[() => radam({ b2: 1.5 }), '"b2" in [0, 1), got 1.5']],
  adafactor: [
    [() => adafactor({ threshold: 0 }), '"threshold"'],
    [() => adafactor({ decay: 0.8 }), '"-decay"'],
  ],
  lion: [[() => lion({ learningRate: Number.NEGATIVE_INFINITY }), '"learningRate"']],
  sgd: [[() => sgd({ momentum: 1 }), '"momentum" in [0, 1), got 1']],
  lamb: [[() => lamb({ b1: Number.NaN }), '"b1"']],
  lars: [[() => lars({ trust: -1 }), '"trust"']],
  larc: [[() => larc({ learningRate: -1 }), '"learningRate"']],
  sophia: [
    [() => sophia({ rho: 0 }), '"rho"'],
    [() => sophia({ every: 0.5 }), '"every"'],
  ],
  adahessian: [[() => adahessian({ difference: 0 }), '"difference"']],
  shampoo: [[() => shampoo({ ridge: 0 }), '"ridge"']],
  muon: [[() => muon({ iterations: 0 }), '"iterations"']],
  agd: [[() => agd({ gain: 0 }), '"gain"']],
  sam: [[() => sam(adamw(), { rho: -1 }), '"rho"']],
  ema: [[() => ema(adamw(), { decay: 1 }), '"decay" in [0, 1), got 1']],
  lawa: [[() => lawa(adamw(), { every: 0 }), '"every"']],
  lossScaling: [
    [() => lossScaling(adamw(), { factor: 1 }), '"factor - 1"'],
    [() => lossScaling(adamw(), { growthInterval: 0 }), '"growthInterval"'],
    [() => lossScaling(adamw(), { initial: 2 ** 30 }), '"initial" between "lowest" 1 and "highest" 16777216'],
  ],
  progressiveBatch: [[() => progressiveBatch(adamw(), { least: 3, most: 2 }), '"most - least + 1"']],
  accumulate: [[() => accumulate(adamw(), { batchSize: -1, microbatchSize: 1 }), '"batchSize"']],
};

it.each(Object.entries(bad).flatMap(([name, cases]) => cases.map(([make, message]) => [name, message, make] as const)))(
  "%s refuses %s",
  (_, message, make) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  },
);
