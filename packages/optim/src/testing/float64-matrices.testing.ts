import { adamwReference, decay, type Reference, rate } from "./float64.testing.ts";
import { change, type Numbers, shapes } from "./numbers.testing.ts";

// The optimizers that treat a matrix as one, in float64.

type Matrix = number[][];

const rowsOf = (list: number[], columns: number): Matrix =>
  Array.from({ length: list.length / columns }, (_, r) => list.slice(r * columns, (r + 1) * columns));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, c) => a.map((row) => row[c]!));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, c) => row.reduce((sum, x, k) => sum + x * b[k]![c]!, 0)));
const mapped = (a: Matrix, fn: (x: number, r: number, c: number) => number): Matrix =>
  a.map((row, r) => row.map((x, c) => fn(x, r, c)));
const size = (a: Matrix) => Math.hypot(...a.flat());

/** Eigenvalues and vectors (as columns) of a symmetric matrix, by Jacobi rotations. */
const eigen = (a: Matrix): { values: number[]; vectors: Matrix } => {
  const n = a.length;
  let m = mapped(a, (x) => x);
  let vectors = mapped(a, (_, r, c) => (r === c ? 1 : 0));
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const angle = 0.5 * Math.atan2(2 * m[p]![q]!, m[q]![q]! - m[p]![p]!);
        const rotation = mapped(m, (_, r, c) => (r === c ? 1 : 0));
        rotation[p]![p] = rotation[q]![q] = Math.cos(angle);
        rotation[p]![q] = Math.sin(angle);
        rotation[q]![p] = -Math.sin(angle);
        m = product(product(transposed(rotation), m), rotation);
        vectors = product(vectors, rotation);
      }
    }
  }
  return { values: m.map((row, i) => row[i]!), vectors };
};

/** `(a + ridge ||a|| I)^(-1 / power)` by its eigenvalues. */
export const inverseRootReference = (a: Matrix, power: number, ridge: number): Matrix => {
  const bound = size(a);
  const { values, vectors } = eigen(mapped(a, (x, r, c) => x + (r === c ? ridge * bound : 0)));
  const scaled = mapped(vectors, (x, _, c) => x * values[c]! ** (-1 / power));
  return product(scaled, transposed(vectors));
};

export const shampooReference = (ridge: number): Reference => {
  const state: Record<string, { left: Matrix; right: Matrix; roots: [Matrix, Matrix]; mu: number[]; nu: number[] }> =
    {};
  const [b2, graftB2] = [0.98, 0.999];
  return (params, grads, step) => {
    for (const [name, p] of Object.entries(params)) {
      const g = grads[name]!;
      const columns = shapes[name]![1];
      const matrix = rowsOf(g, columns ?? g.length);
      const zeros = (n: number): Matrix => Array.from({ length: n }, () => Array(n).fill(0));
      state[name] ??= {
        left: zeros(matrix.length),
        right: zeros(matrix[0]!.length),
        roots: [[], []],
        mu: g.map(() => 0),
        nu: g.map(() => 0),
      };
      const s = state[name];
      s.nu = s.nu.map((x, i) => graftB2 * x + (1 - graftB2) * g[i]! ** 2);
      const adam = g.map((x, i) => x / (Math.sqrt(s.nu[i]! / (1 - graftB2 ** step)) + 1e-8));
      let direction = adam;
      if (columns !== undefined) {
        const gram = [product(matrix, transposed(matrix)), product(transposed(matrix), matrix)] as const;
        s.left = mapped(s.left, (x, r, c) => b2 * x + (1 - b2) * gram[0][r]![c]!);
        s.right = mapped(s.right, (x, r, c) => b2 * x + (1 - b2) * gram[1][r]![c]!);
        if ((step - 1) % 4 === 0)
          s.roots = [inverseRootReference(s.left, 4, ridge), inverseRootReference(s.right, 4, ridge)];
        const rooted = product(product(s.roots[0], matrix), s.roots[1]).flat();
        direction = rooted.map((x) => (x * Math.hypot(...adam)) / Math.hypot(...rooted));
      }
      s.mu = s.mu.map((x, i) => 0.9 * x + 0.1 * direction[i]!);
      const decayed = columns === undefined ? 0 : decay;
      change(p, (x, i) => x - rate * (s.mu[i]! / (1 - 0.9 ** step) + decayed * x));
    }
  };
};

/** Muon for the matrices that are no embeddings, AdamW for the rest. */
interface MuonForm {
  polarExpress?: boolean;
  neuronwise?: boolean;
  cautious?: boolean;
}

/** The table of arXiv 2505.16932, appendix, as code that uses it has it. */
const polar = [
  [8.156554524902461, -22.48329292557795, 15.878769915207462],
  [4.042929935166739, -2.808917465908714, 0.5000178451051316],
  [3.8916678022926607, -2.772484153217685, 0.5060648178503393],
  [3.285753657755655, -2.3681294933425376, 0.46449024233003106],
  [2.3465413258596377, -1.7097828382687081, 0.42323551169305323],
];

export const muonReference = ({ polarExpress, neuronwise, cautious }: MuonForm = {}): Reference => {
  const variances: Numbers = {};
  const adamw = adamwReference();
  const kept: Numbers = {};
  return (params, grads, step) => {
    const isHidden = (name: string) => shapes[name]!.length === 2 && !name.includes("embed");
    const others = Object.keys(params).filter((name) => !isHidden(name));
    const pick = (from: Numbers) => Object.fromEntries(others.map((name) => [name, from[name]!]));
    adamw(pick(params), pick(grads), step);
    for (const name of Object.keys(params).filter(isHidden)) {
      const [out, inner] = shapes[name] as [number, number];
      const g = grads[name]!;
      kept[name] = g.map((x, i) => 0.95 * (kept[name]?.[i] ?? 0) + x);
      let y = rowsOf(
        g.map((x, i) => x + 0.95 * kept[name]![i]!),
        inner,
      );
      const length = size(y);
      y = mapped(y, (x) => x / length / (polarExpress ? 1.02 : 1));
      for (let i = 0; i < 5; i++) {
        const [a, b, c5] = polarExpress ? (polar[i] as [number, number, number]) : [3.4445, -4.775, 2.0315];
        const gram = product(y, transposed(y));
        const square = product(gram, gram);
        const terms = product(
          mapped(gram, (x, r, c) => b * x + c5 * square[r]![c]!),
          y,
        );
        y = mapped(y, (x, r, c) => a * x + terms[r]![c]!);
      }
      let even = mapped(y, (x) => x * Math.sqrt(Math.max(1, out / inner)));
      if (neuronwise) {
        const longest = size(even);
        variances[name] = even.map(
          (row, r) => 0.95 * (variances[name]?.[r] ?? 0) + 0.05 * row.reduce((sum, x) => sum + (x * x) / inner, 0),
        );
        const scaled = mapped(even, (x, r) => x / Math.sqrt(variances[name]![r]!));
        even = mapped(scaled, (x) => (x * longest) / size(scaled));
      }
      const u = even.flat();
      const p = params[name]!;
      change(p, (x, i) => x - rate * (u[i]! + (cautious && u[i]! * x <= 0 ? 0 : decay * x)));
    }
  };
};
