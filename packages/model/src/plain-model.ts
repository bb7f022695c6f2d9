/**
 * The encoder of the fixture README's table once more, for tests: plain arrays in float64, one sequence at a time, written
 * from the table and not from the parts of this package.
 */
export interface PlainFields {
  layers: number;
  hidden: number;
  heads: number;
  max_seq: number;
  norm: string;
  eps: number;
  norm_scheme: string;
  activation: string;
  position: string;
  embedding_dim: number | null;
  embedding_norm: boolean;
  final_norm: boolean;
  head_transform: boolean;
  rotary: boolean;
  attention: string;
  hybrid_layers: number[];
  ffn_every: number;
  recurrent: number;
  deepnorm: boolean;
  task: string;
  [field: string]: unknown;
}

export type PlainParams = Record<string, Float64Array>;
type Matrix = number[][];

/** Hidden states `[seq][hidden]` of one sequence, after the final norm. */
export const plainHidden = (params: PlainParams, fields: PlainFields, ids: number[], mask?: number[]): Matrix => {
  const { layers, recurrent } = fields;
  let x = plainEmbedding(params, fields, ids);
  const first: FirstValues = {};
  for (let index = 0; index < layers; index++) {
    const own = recurrent > 0 ? index % recurrent : index;
    x = plainLayer(params, fields, own, x, mask, first);
  }
  return fields.final_norm ? norm(params, "encoder.final_norm", fields, x) : x;
};

/** The loss of a batch: cross-entropy over labels from 0 on, or squared error. */
export const plainLoss = (
  params: PlainParams,
  fields: PlainFields,
  batch: number[][],
  labels: number[][],
  masks?: number[][],
): number => {
  const losses: number[] = [];
  batch.forEach((ids, row) => {
    const hidden = plainHidden(params, fields, ids, masks?.[row]);
    if (fields.task === "mlm") {
      const logits = plainDecode(params, fields, hidden);
      logits.forEach((one, position) => {
        const label = labels[row]![position]!;
        if (label >= 0) losses.push(crossEntropy(one, label));
      });
      return;
    }
    const dense = params["pooler.dense.weight"] ? linear(params, "pooler.dense", [hidden[0]!])[0]! : hidden[0]!;
    const logits = linear(params, "head", [dense.map(Math.tanh)])[0]!;
    const label = labels[row]![0]!;
    losses.push(fields.task === "regression" ? (logits[0]! - label) ** 2 : crossEntropy(logits, label));
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
};

const plainDecode = (params: PlainParams, fields: PlainFields, hidden: Matrix): Matrix => {
  let rows = hidden;
  if (fields.head_transform) {
    const dense = linear(params, "prediction_head.dense", rows).map((row) =>
      row.map(activationOf(fields.activation).fn),
    );
    rows = norm(params, "prediction_head.norm", fields, dense);
  }
  const width = rows[0]!.length;
  const words = params["decoder.weight"] ?? params["encoder.embedding.word_embedding.weight"]!;
  const bias = params["decoder.bias"];
  return rows.map((row) => {
    const logits: number[] = [];
    for (let word = 0; word < words.length / width; word++) {
      let sum = bias?.[word] ?? 0;
      for (let i = 0; i < width; i++) sum += row[i]! * words[word * width + i]!;
      logits.push(sum);
    }
    return logits;
  });
};

const crossEntropy = (logits: number[], label: number): number => {
  const top = Math.max(...logits);
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0)) + top - logits[label]!;
};

const plainEmbedding = (params: PlainParams, fields: PlainFields, ids: number[]): Matrix => {
  const width = fields.embedding_dim ?? fields.hidden;
  const words = params["encoder.embedding.word_embedding.weight"]!;
  let x = ids.map((id, position) =>
    Array.from({ length: width }, (_, i) => {
      const word = words[id * width + i]!;
      if (fields.position === "none") return word;
      if (fields.position === "learned")
        return word + params["encoder.embedding.pos_embedding.embedding.weight"]![position * width + i]!;
      const angle = position / 10000 ** ((2 * Math.floor(i / 2)) / width);
      const wave = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      return (
        word +
        wave * (fields.position === "sinusoidal" ? 1 : params["encoder.embedding.pos_embedding.scale_factor"]![0]!)
      );
    }),
  );
  if (fields.embedding_norm) x = norm(params, "encoder.embedding.norm", fields, x);
  return fields.embedding_dim === null ? x : linear(params, "encoder.input_projection", x);
};

/** By head, of the first layer. */
type FirstValues = { heads?: Matrix[] };

const plainLayer = (
  params: PlainParams,
  fields: PlainFields,
  layer: number,
  x: Matrix,
  mask: number[] | undefined,
  firstValues: FirstValues,
): Matrix => {
  const at = `encoder.layers.${layer}`;
  const residual = fields.deepnorm ? (2 * fields.layers) ** 0.25 : 1;
  const withBranch = (state: Matrix, run: (x: Matrix) => Matrix, first: string, second: string): Matrix => {
    const add = (branch: Matrix) => state.map((row, i) => row.map((value, j) => residual * value + branch[i]![j]!));
    if (fields.norm_scheme === "post") return norm(params, `${at}.${first}`, fields, add(run(state)));
    const isBare = fields.first_norm === false && layer === 0 && first === "norm1";
    const branch = run(isBare ? state : norm(params, `${at}.${first}`, fields, state));
    return add(fields.norm_scheme === "sandwich" ? norm(params, `${at}.${second}`, fields, branch) : branch);
  };
  const isFourier =
    fields.attention === "fourier" || (fields.attention === "fourier-hybrid" && !fields.hybrid_layers.includes(layer));
  const mix = (state: Matrix) =>
    isFourier ? fourier(state) : attention(params, `${at}.attn`, fields, state, mask, firstValues);
  const mixed = withBranch(x, mix, "norm1", "norm3");
  if ((layer + 1) % fields.ffn_every !== 0) {
    const isBranch = Object.keys(params).some((name) => name.startsWith(`${at}.norm2.`));
    return isBranch ? withBranch(mixed, (state) => state, "norm2", "norm4") : mixed;
  }
  const { fn, gated } = activationOf(fields.activation);
  const feed = (state: Matrix) => {
    const inner = linear(params, `${at}.ffn.dense_in`, state);
    const half = inner[0]!.length / 2;
    const activated = inner.map((row) =>
      gated ? row.slice(0, half).map((u, i) => u * fn(row[half + i]!)) : row.map(fn),
    );
    return linear(params, `${at}.ffn.dense_out`, activated);
  };
  return withBranch(mixed, feed, "norm2", "norm4");
};

function attention(
  params: PlainParams,
  at: string,
  { heads, rotary, qk_norm, value_residual }: PlainFields,
  x: Matrix,
  mask: number[] | undefined,
  first: FirstValues,
): Matrix {
  const qkv = linear(params, `${at}.self_attention.query_key_value`, x);
  const size = x[0]!.length / heads;
  const out: Matrix = x.map(() => []);
  const isFirst = first.heads === undefined;
  if (isFirst) first.heads = [];
  for (let head = 0; head < heads; head++) {
    const part = (role: number) =>
      qkv.map((row, position) => {
        const values = row.slice((head * 3 + role) * size, (head * 3 + role + 1) * size);
        const scales = params[`${at}.self_attention.${role === 0 ? "query" : "key"}_norm.weight`]!;
        const root = Math.sqrt(dot(values, values) / size + 1e-6);
        const normed = qk_norm && role < 2 ? values.map((value, i) => (value / root) * scales[i]!) : values;
        return rotary && role < 2 ? turned(normed, position) : normed;
      });
    const [q, k, own] = [part(0), part(1), part(2)];
    if (isFirst) first.heads!.push(own);
    const mix = params[`${at}.self_attention.value_mix`]!;
    const v =
      value_residual && !isFirst
        ? own.map((row, i) => row.map((value, c) => mix[0]! * value + mix[1]! * first.heads![head]![i]![c]!))
        : own;
    q.forEach((query, i) => {
      const scores = k.map((key, j) => dot(query, key) / Math.sqrt(size) + (mask && mask[j] === 0 ? -10000 : 0));
      const top = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - top));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (let c = 0; c < size; c++)
        out[i]!.push(weights.reduce((sum, weight, j) => sum + (weight / total) * v[j]![c]!, 0));
    });
  }
  return linear(params, `${at}.dense`, out);
}

/** Pairs (i, i + half) turn by position * 10000^(-i / half). */
const turned = (values: number[], position: number): number[] => {
  const half = values.length / 2;
  const out = [...values];
  for (let i = 0; i < half; i++) {
    const angle = position * 10000 ** (-i / half);
    const [a, b] = [values[i]!, values[i + half]!];
    out[i] = a * Math.cos(angle) - b * Math.sin(angle);
    out[i + half] = a * Math.sin(angle) + b * Math.cos(angle);
  }
  return out;
};

/** The defining double sum. */
const fourier = (x: Matrix): Matrix => {
  const [rows, columns] = [x.length, x[0]!.length];
  return x.map((_, k) =>
    Array.from({ length: columns }, (_, l) => {
      let sum = 0;
      for (let m = 0; m < rows; m++) {
        for (let n = 0; n < columns; n++)
          sum += x[m]![n]! * Math.cos(2 * Math.PI * ((k * m) / rows + (l * n) / columns));
      }
      return sum / Math.sqrt(rows * columns);
    }),
  );
};

const linear = (params: PlainParams, name: string, x: Matrix): Matrix => {
  const weight = params[`${name}.weight`]!;
  const bias = params[`${name}.bias`];
  const inputs = x[0]!.length;
  return x.map((row) =>
    Array.from(
      { length: weight.length / inputs },
      (_, out) => dot(row, weight.subarray(out * inputs, (out + 1) * inputs)) + (bias?.[out] ?? 0),
    ),
  );
};

function norm(params: PlainParams, name: string, fields: PlainFields, x: Matrix): Matrix {
  return x.map((row) => {
    const scale = params[`${name}.learnable_scale`]!;
    if (fields.norm === "ScaleNorm")
      return row.map((value) => (value * scale[0]!) / Math.max(Math.sqrt(dot(row, row)), fields.eps));
    if (fields.norm === "RMSNorm")
      return row.map((value, i) => (value / Math.sqrt(dot(row, row) / row.length + fields.eps)) * scale[i]!);
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    return row.map(
      (value, i) =>
        ((value - mean) / Math.sqrt(variance + fields.eps)) * params[`${name}.weight`]![i]! +
        params[`${name}.bias`]![i]!,
    );
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const activationOf = (name: string): { fn: (x: number) => number; gated: boolean } => {
  const functions: Record<string, (x: number) => number> = {
    GELU: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
    ReLU: (x) => Math.max(0, x),
    SiLU: (x) => x / (1 + Math.exp(-x)),
    ReLU2: (x) => Math.max(0, x) ** 2,
    Mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  };
  return { fn: functions[name.replace(/glu$/, "")]!, gated: name.endsWith("glu") };
};

/** By its power series, which converges everywhere. */
const erf = (x: number): number => {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};
