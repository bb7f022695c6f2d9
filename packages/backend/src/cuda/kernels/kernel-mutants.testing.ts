import type { Mutant } from "../../cuda-emulator.ts";

/** Kernels that are made from a table, faults that somebody could make in what makes them, and the cases that have to find these. */
export interface MutantsOfTable {
  table: string;
  cases: readonly string[];
  faults: readonly (Mutant & { name: string })[];
}

const elementwise = "/elementwise.h";
const reduction = "/reduction.cu";
const movement = "/movement.cu";

export const kernelMutants: readonly MutantsOfTable[] = [
  {
    table: "UNARY_KERNEL",
    cases: ["exp", "exp of special numbers", "leakyRelu"],
    faults: [
      { name: "the first element for all", file: elementwise, from: "xs[i]", to: "xs[0]" },
      { name: "no slope", file: "/elementwise.cu", from: "x < 0 ? p * x : x", to: "x" },
      { name: "one factor", file: "/functions.h", from: "power_of_two(whole - half)", to: "1.0f" },
    ],
  },
  {
    table: "BINARY_KERNEL",
    cases: ["sub [7] [7]", "sub [3,4,5] [4,1]", "sub [2,1,3,1] [5,1,4]"],
    faults: [
      { name: "no broadcast", file: elementwise, from: "bs[at.b]", to: "bs[i]" },
      { name: "strides of the other operand", file: elementwise, from: "axes.b[axis]", to: "axes.a[axis]" },
      { name: "the same place on each axis", file: elementwise, from: "index = rest;", to: "" },
    ],
  },
  {
    table: "REDUCTION",
    cases: ["sums", "extremes"],
    faults: [
      {
        name: "a sum over half of the lanes",
        file: reduction,
        from: "sum = combine_##name##_##suffix(sum, __shfl_xor_sync(0xffffffffu, sum, by));",
        to: "if (by > 1) sum = combine_##name##_##suffix(sum, __shfl_xor_sync(0xffffffffu, sum, by));",
      },
      { name: "parts of rows that do not end", file: reduction, from: "i < end", to: "i < length" },
      { name: "parts of columns that do not end", file: reduction, from: "k < end", to: "k < length" },
    ],
  },
  {
    table: "ARGUMENT",
    cases: ["extremes"],
    faults: [
      { name: "the last of equals", file: reduction, from: "value better best", to: "!(best better value)" },
      { name: "no place", file: reduction, from: "place = (int)k;", to: "place = 0;" },
      {
        name: "one left out",
        file: reduction,
        after: "u32 k = 1; ",
        from: "k < length",
        to: "k + 1 < length",
      },
    ],
  },
  {
    table: "CUMULATIVE",
    cases: ["cumulative", "int32 operations"],
    faults: [
      { name: "never reversed", file: reduction, from: "reversed ? length - 1 - k : k", to: "k" },
      { name: "nothing exclusive", file: reduction, from: "if (exclusive) y[at] = sum;", to: "" },
      { name: "no sum", file: reduction, from: "sum = sum op value;", to: "sum = value;" },
    ],
  },
  {
    table: "softmax",
    cases: ["softmax"],
    faults: [
      {
        name: "largest values of lanes",
        file: reduction,
        from: "top = m_max(top, __shfl_xor_sync(0xffffffffu, top, by));",
        to: "",
      },
      { name: "no logarithm", file: reduction, from: "x[i] - top - shift", to: "x[i] - top" },
      { name: "sums of lanes", file: reduction, from: "sum += __shfl_xor_sync(0xffffffffu, sum, by);", to: "" },
    ],
  },
  {
    table: "TOP_K",
    cases: ["topk", "int32, other ways around"],
    faults: [
      { name: "one again and again", file: reduction, from: "(int)i > last_place", to: "true" },
      { name: "the last of equals", file: reduction, from: "other_place < place", to: "other_place > place" },
      { name: "the largest for all", file: reduction, from: "last_place = place;", to: "" },
    ],
  },
  {
    table: "move",
    cases: ["transpose", "slice", "concat"],
    faults: [
      { name: "no strides to read", file: movement, from: "from += here * box.from[axis];", to: "" },
      { name: "no strides to write", file: movement, from: "to += here * box.to[axis];", to: "" },
      { name: "all at the beginning", file: movement, from: "box.to_start", to: "0" },
    ],
  },
  {
    table: "gather",
    cases: ["gather"],
    faults: [
      {
        name: "rows of the first batch",
        file: movement,
        from: "(before * length + id) * inner + at",
        to: "id * inner + at",
      },
      { name: "the first id for all", file: movement, from: "row % count", to: "0" },
      { name: "ids of the first batch", file: movement, from: "before / outer", to: "0" },
    ],
  },
  {
    table: "SCATTER",
    cases: ["scatter", "gather"],
    faults: [
      {
        name: "the last in place of the sum",
        file: movement,
        from: "sum += x[(size_t)k * inner + i % inner];",
        to: "sum = x[(size_t)k * inner + i % inner];",
      },
      {
        name: "the last axis alone",
        file: movement,
        from: "row = row * (int)axes.lengths[axis] + id;",
        to: "row = id;",
      },
      {
        name: "the first of a row",
        file: movement,
        from: "x[(u32)row * inner + i % inner]",
        to: "x[(u32)row * inner]",
      },
    ],
  },
  {
    table: "words",
    cases: ["oneHot", "where", "makers"],
    faults: [
      { name: "the first id for all", file: movement, from: "ids[i / depth]", to: "ids[0]" },
      {
        name: "a condition for each element",
        file: "/elementwise.cu",
        from: "if (i < n) y[i] = condition[i / inner] ? a[i] : b[i];",
        to: "if (i < n) y[i] = condition[0] ? a[i] : b[i];",
      },
      { name: "no bound", file: movement, from: "if (i < n) y[i] = word;", to: "y[i] = word;" },
    ],
  },
];
