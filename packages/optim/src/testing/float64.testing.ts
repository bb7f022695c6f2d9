import { change, type Numbers, shapes } from "./numbers.testing.ts";

// Every optimizer's equation once more, in float64 and in loops: what the tensors are compared with.

/** Changes `params` by one step; `step` counts from 1. */
export type Reference = (params: Numbers, grads: Numbers, step: number) => void;

export const rate = 0.01;
export const decay = 0.05;

const decays = (name: string) => !/bias|norm/.test(name);
const decayOf = (name: string) => (decays(name) ? decay : 0);
const zerosLike = (list: number[]) => list.map(() => 0);
const norm = (list: number[]) => Math.hypot(...list);
const rms = (list: number[]) => norm(list) / Math.sqrt(list.length);

/** Moments by name, zeros at first. */
const moments = () => {
  const kept: Numbers = {};
  return (name: string, like: number[]) => (kept[name] ??= zerosLike(like));
};

const blend = (old: number[], now: number[], b: number) => change(old, (x, i) => b * x + (1 - b) * now[i]!);

const eachTensor =
  (update: (name: string, p: number[], g: number[], step: number) => void): Reference =>
  (params, grads, step) => {
    for (const name of Object.keys(params)) update(name, params[name]!, grads[name]!, step);
  };

/** p -= rate (u + decay p), the shape that most of them share. */
const decoupled = (direction: (name: string, p: number[], g: number[], step: number) => number[]) =>
  eachTensor((name, p, g, step) => {
    const u = direction(name, p, g, step);
    change(p, (x, i) => x - rate * (u[i]! + decayOf(name) * x));
  });

const withL2 = (name: string, p: number[], g: number[]) => g.map((x, i) => x + decayOf(name) * p[i]!);

const adamDirection = (b1: number, b2: number, epsilon: number) => {
  const [mu, nu] = [moments(), moments()];
  return (name: string, g: number[], step: number) => {
    const [m, v] = [mu(name, g), nu(name, g)];
    blend(m, g, b1);
    blend(
      v,
      g.map((x) => x * x),
      b2,
    );
    return m.map((x, i) => x / (1 - b1 ** step) / (Math.sqrt(v[i]! / (1 - b2 ** step)) + epsilon));
  };
};

export const adamwReference = (b1 = 0.9, b2 = 0.98, epsilon = 1e-12): Reference => {
  const adam = adamDirection(b1, b2, epsilon);
  return decoupled((name, _, g, step) => adam(name, g, step));
};

/** The 256 values of a moment in 8 bits, by the formula of the paper: another way to them than the optimizer's. */
export const codeValues = (signed: boolean): number[] => {
  const values = [0, 1];
  for (let fractionBits = 0; fractionBits <= 6; fractionBits++) {
    const edges = 2 ** (signed ? fractionBits : fractionBits + 1);
    const edge = (i: number) => 0.1 + (0.9 * i) / edges;
    for (let i = 0; i < edges; i++) {
      const middle = ((edge(i) + edge(i + 1)) / 2) * 10 ** (fractionBits - 6);
      values.push(middle, ...(signed ? [-middle] : []));
    }
  }
  return values.sort((a, b) => a - b);
};

/** The nearest value of a map, times the largest of the block; what is negative does not become 0. */
export const rounded = (block: readonly number[], map: readonly number[]): number[] => {
  const largest = Math.max(...block.map(Math.abs));
  return block.map((value) => {
    const x = largest === 0 ? 0 : value / largest;
    const allowed = x < 0 ? map.filter((code) => code < 0) : map.filter((code) => code >= 0);
    return largest * allowed.reduce((best, code) => (Math.abs(code - x) < Math.abs(best - x) ? code : best));
  });
};

/** AdamW with moments that are rounded to 8 bits between steps; each tensor is one block. */
export const adamw8bitReference = (): Reference => {
  const [mu, nu, signs, none] = [moments(), moments(), codeValues(true), codeValues(false)];
  return decoupled((name, _, g, step) => {
    const [m, v] = [mu(name, g), nu(name, g)];
    blend(m, g, 0.9);
    blend(
      v,
      g.map((x) => x * x),
      0.98,
    );
    const direction = m.map((x, i) => x / (1 - 0.9 ** step) / (Math.sqrt(v[i]! / (1 - 0.98 ** step)) + 1e-12));
    const [codedM, codedV] = [rounded(m, signs), rounded(v, none)];
    change(m, (_, i) => codedM[i]!);
    change(v, (_, i) => codedV[i]!);
    return direction;
  });
};

export const adamReference = (): Reference => {
  const adam = adamDirection(0.9, 0.999, 1e-8);
  return eachTensor((name, p, g, step) => {
    const u = adam(name, withL2(name, p, g), step);
    change(p, (x, i) => x - rate * u[i]!);
  });
};

export const adamwScaleReference = (): Reference => {
  const adam = adamDirection(0.9, 0.98, 1e-12);
  return decoupled((name, p, g, step) => {
    const size = Math.max(1e-3, rms(p));
    return adam(name, g, step).map((x) => x * size);
  });
};

export const stableAdamwReference = (): Reference => {
  const [adam, nu] = [adamDirection(0.9, 0.98, 1e-6), moments()];
  return eachTensor((name, p, g, step) => {
    const u = adam(name, g, step);
    const v = nu(name, g);
    blend(
      v,
      g.map((x) => x * x),
      0.98,
    );
    const ratio = rms(g.map((x, i) => x / Math.sqrt(Math.max(v[i]! / (1 - 0.98 ** step), 1e-12))));
    const local = rate / Math.max(1, ratio);
    change(p, (x, i) => x - local * (u[i]! + decayOf(name) * x));
  });
};

export const radamReference = (): Reference => {
  const [b1, b2] = [0.9, 0.98];
  const [mu, nu] = [moments(), moments()];
  const limit = 2 / (1 - b2) - 1;
  return eachTensor((name, p, raw, step) => {
    const g = withL2(name, p, raw);
    const [m, v] = [mu(name, g), nu(name, g)];
    blend(m, g, b1);
    blend(
      v,
      g.map((x) => x * x),
      b2,
    );
    const length = limit - (2 * step * b2 ** step) / (1 - b2 ** step);
    change(p, (x, i) => {
      const first = m[i]! / (1 - b1 ** step);
      const rectified = Math.sqrt(((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length));
      const root = Math.sqrt(1 - b2 ** step) / (Math.sqrt(v[i]!) + 1e-12);
      return x - rate * (length > 5 ? first * rectified * root : first);
    });
  });
};

export const adafactorReference = (): Reference => {
  const [row, column] = [moments(), moments()];
  return decoupled((name, _, g, step) => {
    const b2 = 1 - step ** -0.8;
    const squared = g.map((x) => x * x + 1e-30);
    const [rows, columns] = shapes[name]!;
    let u: number[];
    if (columns === undefined) {
      const v = row(name, g);
      blend(v, squared, b2);
      u = g.map((x, i) => x / Math.sqrt(v[i]!));
    } else {
      const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
      const rowMeans = Array.from({ length: rows! }, (_, r) => mean(squared.slice(r * columns, (r + 1) * columns)));
      const columnMeans = Array.from({ length: columns }, (_, c) => mean(squared.filter((_, i) => i % columns === c)));
      const [r, c] = [row(name, rowMeans), column(name, columnMeans)];
      blend(r, rowMeans, b2);
      blend(c, columnMeans, b2);
      u = g.map((x, i) => x / Math.sqrt((r[Math.floor(i / columns)]! * c[i % columns]!) / mean(r)));
    }
    const size = Math.max(1, rms(u));
    return u.map((x) => x / size);
  });
};

export const lionReference = (): Reference => {
  const mu = moments();
  return decoupled((name, _, g) => {
    const m = mu(name, g);
    const u = g.map((x, i) => Math.sign(0.9 * m[i]! + 0.1 * x));
    blend(m, g, 0.99);
    return u;
  });
};

export const sgdReference = (nesterov: boolean): Reference => {
  const mu = moments();
  return eachTensor((name, p, raw) => {
    const g = withL2(name, p, raw);
    const m = mu(name, g);
    change(m, (x, i) => 0.9 * x + g[i]!);
    change(p, (x, i) => x - rate * (nesterov ? g[i]! + 0.9 * m[i]! : m[i]!));
  });
};

export const lambReference = (): Reference => {
  const adam = adamDirection(0.9, 0.999, 1e-6);
  return eachTensor((name, p, g, step) => {
    const u = adam(name, g, step).map((x, i) => x + decayOf(name) * p[i]!);
    const ratio = norm(p) > 0 && norm(u) > 0 ? norm(p) / norm(u) : 1;
    change(p, (x, i) => x - rate * ratio * u[i]!);
  });
};

export const larsReference = (clipped: boolean): Reference => {
  const mu = moments();
  return eachTensor((name, p, raw) => {
    const local = (0.02 * norm(p)) / (norm(raw) + decayOf(name) * norm(p) + 1e-8);
    const factor = clipped ? Math.min(local / rate, 1) : local;
    const g = withL2(name, p, raw).map((x) => x * factor);
    const m = mu(name, g);
    change(m, (x, i) => 0.9 * x + g[i]!);
    change(p, (x, i) => x - rate * (g[i]! + 0.9 * m[i]!));
  });
};

export const agdReference = (): Reference => (params, grads) => {
  const names = Object.keys(params);
  const aspect = (name: string) => (shapes[name]!.length === 2 ? Math.sqrt(shapes[name]![0]! / shapes[name]![1]!) : 1);
  const summary = names.reduce((sum, name) => sum + aspect(name) * norm(grads[name]!), 0) / names.length;
  const step = (rate * Math.log((1 + Math.sqrt(1 + 4 * summary)) / 2)) / names.length;
  for (const name of names) {
    const [p, g] = [params[name]!, grads[name]!];
    change(p, (x, i) => x - (step * aspect(name) * g[i]!) / norm(g));
  }
};

export const sophiaReference = (sampled: Numbers): Reference => {
  const [mu, hessian] = [moments(), moments()];
  return decoupled((name, _, g, step) => {
    const [m, h] = [mu(name, g), hessian(name, g)];
    blend(m, g, 0.965);
    if (step % 3 === 1)
      blend(
        h,
        sampled[name]!.map((x) => x * x),
        0.99,
      );
    return m.map((x, i) => Math.sign(x) * Math.min(1, Math.abs(x) / (0.04 * 100 * h[i]! + 1e-15)));
  });
};

/** For a loss whose Hessian is diagonal Hutchinson's estimate is exact. */
export const adahessianReference = (diagonal: Numbers): Reference => {
  const [mu, nu] = [moments(), moments()];
  return decoupled((name, _, g, step) => {
    const [m, v] = [mu(name, g), nu(name, g)];
    blend(m, g, 0.9);
    blend(
      v,
      diagonal[name]!.map((x) => x * x),
      0.98,
    );
    return m.map((x, i) => x / (1 - 0.9 ** step) / (Math.sqrt(v[i]! / (1 - 0.98 ** step)) + 1e-12));
  });
};

/** AdamW on the gradients of `sum(diagonal p^2) / 2` at the climbed parameters. */
export const samReference = (diagonal: Numbers): Reference => {
  const adamw = adamwReference();
  return (params, grads, step) => {
    const size = Math.hypot(...Object.values(grads).flat());
    const there = Object.fromEntries(
      Object.entries(params).map(([name, p]) => [
        name,
        p.map((x, i) => diagonal[name]![i]! * (x + (0.05 * grads[name]![i]!) / size)),
      ]),
    );
    adamw(params, there, step);
  };
};
