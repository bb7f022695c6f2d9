import type { Mutant } from "@cramkit/backend/cuda-emulator";

/** Faults that somebody could make in a file of kernels, and the ops whose cases have to find them. */
interface MutantsOfFile {
  file: string;
  /** Names of specs; `optimizer` is lists of tensors. */
  ops: readonly string[];
  faults: readonly (Omit<Mutant, "file"> & { name: string })[];
}

const cudaMutants: readonly MutantsOfFile[] = [
  {
    file: "/cuda/norm.cu",
    ops: ["residualNorm", "layerNorm"],
    faults: [
      {
        name: "a part that goes on behind the last row",
        from: "start + per_part < rows ? start + per_part : rows",
        to: "start + per_part",
      },
      { name: "no bound on rows", from: "if (row >= rows) return;", to: "" },
      {
        name: "one dropout for all rows",
        after: "v[e] += b[e] * ",
        from: "kept(d, row * n + i + e)",
        to: "kept(d, i + e)",
      },
      {
        name: "a gradient without its scale",
        from: "(v[e] - mean) * rstd * of_product",
        to: "(v[e] - mean) * of_product",
      },
      {
        name: "the weight's gradient for the bias",
        from: "if (norm.dbias) norm.dbias[i] = bias;",
        to: "if (norm.dbias) norm.dbias[i] = weight;",
      },
    ],
  },
  {
    file: "/cuda/scatter.cu",
    ops: ["embedding", "maskedCrossEntropy"],
    faults: [
      { name: "only the first row of an id among 32", from: "found &= found - 1", to: "found = 0" },
      {
        name: "ids behind the last",
        from: "first + lane < count && ids[first + lane] == (int)row",
        to: "ids[first + lane] == (int)row",
      },
      { name: "a gradient for padding", from: "(int)row != left_out", to: "true" },
    ],
  },
  {
    file: "/cuda/rows.h",
    ops: ["layerNorm", "maskedCrossEntropy", "dropout"],
    faults: [
      {
        name: "a sum over half of the lanes",
        from: "v += __shfl_xor_sync(0xffffffffu, v, by);",
        to: "if (by > 1) v += __shfl_xor_sync(0xffffffffu, v, by);",
      },
      {
        name: "no barrier before a block's sum",
        after: "scratch[threadIdx.x / WARP] = v;\n  ",
        from: "__syncthreads();",
        to: "",
      },
      { name: "one word of a block for both", from: "low & 1 ? y : x", to: "x" },
    ],
  },
  {
    file: "/cuda/activation.h",
    ops: ["gelu", "glu"],
    faults: [
      { name: "half of the slope of gelu", from: "0.3989422804014327f * x * m_exp(-0.5f * x * x)", to: "0.0f" },
      { name: "half of the slope of silu", from: "s + g * s * (1 - s)", to: "s" },
      { name: "half of the slope of mish", from: "t + g * (1 - t * t) * s", to: "t" },
    ],
  },
  {
    file: "/attention/cuda.cu",
    ops: ["attention"],
    faults: [
      {
        name: "a gradient without dropout",
        from: "dot(dy, v, h.head_dim) * kept - delta",
        to: "dot(dy, v, h.head_dim) - delta",
      },
      {
        name: "no mask",
        after: "count = h.seq - first;\n      const bool seen = ",
        from: "key < h.seq && (!mask || mask[batch * h.seq + key] != 0)",
        to: "key < h.seq",
      },
      { name: "rows behind the last", from: "if (j >= count) continue;", to: "" },
    ],
  },
  {
    file: "/attention/cuda-matrix.cu",
    ops: ["attention"],
    faults: [
      { name: "no wait for copies", from: "wait_copies<0>();", to: "" },
      {
        name: "no barrier after scores",
        after: "multiply_heads<D>(s, tile_q, tile_k);\n    ",
        from: "__syncthreads();",
        to: "",
      },
      {
        name: "no barrier after values",
        after: "add_heads<D>(sums, s, tile_v);\n    ",
        from: "__syncthreads();",
        to: "",
      },
      { name: "rows of the left operand swapped", from: "row + (lane & 15)", to: "row + (lane >> 1)" },
      {
        name: "rows of the right operand swapped",
        from: "j * 16 + (lane & 7) + (lane >> 4) * 8",
        to: "j * 16 + (lane & 15)",
      },
      { name: "rows of values swapped", from: "part * 16 + (lane & 15)", to: "part * 16 + (lane >> 1)" },
      { name: "no delta", from: "delta[place]", to: "0.0f" },
      { name: "rows behind the last", from: "first + row < h.seq && start < h.head_dim", to: "start < h.head_dim" },
      { name: "rows written behind the last", from: "if (row >= h.seq) continue;", to: "" },
      { name: "sums of another maximum", from: "total[r] * before + row_sum(sum)", to: "total[r] + row_sum(sum)" },
      {
        name: "no mask",
        after: "+ e;\n        const bool seen = ",
        from: "key < h.seq && (!mask || mask[batch * h.seq + key] != 0)",
        to: "key < h.seq",
      },
    ],
  },
  {
    file: "/dropout/cuda.cu",
    ops: ["dropout"],
    faults: [
      { name: "one word for four", from: "kept(d, i + e)", to: "kept(d, i)" },
      { name: "no bound", from: "if (i >= n) return;", to: "" },
      { name: "every fourth element", from: "global_thread() * W", to: "global_thread()" },
    ],
  },
  {
    file: "/gated-feed-forward/cuda.cu",
    ops: ["gatedFeedForward"],
    faults: [
      { name: "u for g", from: "(r & 16 ? half : 0)", to: "0" },
      {
        name: "columns of the first group for all",
        after: "gate.store_four(m0 + r, ",
        from: "n0 + q / 32 * 16 + q % 16",
        to: "n0 + q % 16",
      },
    ],
  },
  {
    file: "/gated-feed-forward/cuda-gate.h",
    ops: ["gatedFeedForward"],
    faults: [
      {
        name: "no bound on rows",
        after: "const float* gates) const {\n    if (",
        from: "row >= m || column >= half",
        to: "column >= half",
      },
      {
        name: "a gradient without u",
        from: "d[e] * u[e] * activation_slope(kind, g[e])",
        to: "d[e] * activation_slope(kind, g[e])",
      },
      { name: "the bias of u for g", from: "bias[half + column + e]", to: "bias[column + e]" },
    ],
  },
  {
    file: "/matrix-tile.h",
    ops: ["gatedFeedForward"],
    faults: [
      {
        name: "no barrier before sums are read",
        after: "e % 2] = sums[i][j][e];\n    ",
        from: "__syncthreads();",
        to: "",
      },
      {
        name: "no barrier before sums are written",
        after: '_Pragma("unroll") for (u32 i = 0; i < T::down; i++) {\n    ',
        from: "__syncthreads();",
        to: "",
      },
      {
        name: "rows of another fragment",
        from: "line / 16 * 16 * T::down + i * 16 + line % 16",
        to: "line / 16 * 16 + i * 32 + line % 16",
      },
    ],
  },
  {
    file: "/gelu/cuda.cu",
    ops: ["gelu"],
    faults: [
      { name: "no activation", from: "gelu_of(v[e])", to: "v[e]" },
      { name: "no slope", from: "gelu_slope(v[e])", to: "1.0f" },
      {
        name: "every fourth element",
        after:
          "u32 n, u32 halves) {\n  const u32 i = global_thread() * W;\n  if (i >= n) return;\n  float d[W], v[W];\n  load(d, dy, ",
        from: "i",
        to: "0",
      },
    ],
  },
  {
    file: "/glu/cuda.cu",
    ops: ["glu"],
    faults: [
      { name: "no u", from: "u[e] *= activation_of(kind, g[e]);", to: "u[e] = activation_of(kind, g[e]);" },
      {
        name: "a gradient without u",
        from: "d[e] * u[e] * activation_slope(kind, g[e])",
        to: "d[e] * activation_slope(kind, g[e])",
      },
      { name: "no gate", from: "d[e] *= activation_of(kind, g[e]);", to: "" },
    ],
  },
  {
    file: "/masked-cross-entropy/cuda.cu",
    ops: ["maskedCrossEntropy"],
    faults: [
      { name: "no target", from: "((int)(i + e) == target ? 1.0f : 0.0f)", to: "0.0f" },
      { name: "sums of other maxima", from: "sum * m_exp(top - largest)", to: "sum" },
      { name: "losses of the first chunk's rows", from: "first_row + row", to: "row" },
      { name: "a sum for a mean", from: "total / to.count", to: "total" },
    ],
  },
  {
    file: "/optimizer/cuda.cu",
    ops: ["optimizer"],
    faults: [
      { name: "a moment of the first power", from: "(1 - a.b2) * scaled * scaled", to: "(1 - a.b2) * scaled" },
      { name: "a step without a scale", from: "!(d_abs(scale) < INFINITE) || scale == 0", to: "false" },
      {
        name: "elements behind the last",
        after: "F f) {\n  const u32 first = (blockIdx.x - e.first_block) * LIST_CHUNK, end = ",
        from: "first + LIST_CHUNK < e.n ? first + LIST_CHUNK : e.n",
        to: "first + LIST_CHUNK",
      },
      { name: "no square", from: "x[i] * x[i]", to: "x[i]" },
      { name: "no decay", from: "e.number", to: "0.0f" },
    ],
  },
  {
    file: "/rotary/cuda.cu",
    ops: ["rotary"],
    faults: [
      { name: "values turned too", from: "role != 2", to: "true" },
      { name: "the other way", from: "first * cosine[e] - second * s", to: "first * cosine[e] + second * s" },
      { name: "the first position for all", from: "group / (3 * heads) % seq", to: "group % seq" },
    ],
  },
];

/** The same in the gates of Hopper, which cases of their own have to find. */
export const hopperMutants: readonly (Mutant & { name: string })[] = [
  { name: "rows of u for g", file: "/cuda-wgmma.cu", from: "n0 + i * half", to: "n0" },
  { name: "sums of u for g", file: "/cuda-wgmma.cu", from: "line + BOX + column", to: "line + column" },
  { name: "the first box of the weight twice", file: "/cuda-wgmma.cu", from: "n0 + i * BOX", to: "n0" },
];

/** One of each file in a usual run, all of them on request. */
export const triedMutants = cudaMutants.flatMap(({ file, ops, faults }) =>
  (process.env.CRAMKIT_MUTANTS ? faults : faults.slice(0, 1)).map((fault) => ({ ...fault, file, ops })),
);

/** What emulators with faults are compiled with: one library for all tests. */
export const compiledMutants: readonly Mutant[] = [...triedMutants, ...hopperMutants];
