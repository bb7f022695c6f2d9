import { type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { rotary } from "./rotary.ts";

const rotaryCase = (batch: number, seq: number, heads: number, headDim: number, scale = 1, base = 10000): OpCase => {
  const half = headDim / 2;
  return {
    name: `batch ${batch}, seq ${seq}, ${heads} x ${headDim}${scale === 1 ? "" : `, x ${scale}`}${base === 10000 ? "" : `, base ${base}`}`,
    inputs: { qkv: uniform([batch, seq, 3 * heads * headDim], 1, scale) },
    run: ({ qkv }) => rotary(qkv!, { heads, base }),
    truth: ({ qkv }) => {
      const y = Float64Array.from(qkv!);
      for (let part = 0; part < qkv!.length / headDim; part++) {
        if (part % 3 === 2) continue;
        const position = Math.floor(part / (3 * heads)) % seq;
        for (let i = 0; i < half; i++) {
          const angle = position / base ** ((2 * i) / headDim);
          const at = part * headDim + i;
          const [a, b] = [qkv![at]!, qkv![at + half]!];
          y[at] = a * Math.cos(angle) - b * Math.sin(angle);
          y[at + half] = b * Math.cos(angle) + a * Math.sin(angle);
        }
      }
      return y;
    },
    tolerance: 1e-6,
  };
};

export const rotarySpec: OpSpec = {
  op: "rotary",
  kernels: ["CramkitRotary"],
  cases: [
    rotaryCase(1, 1, 1, 2),
    rotaryCase(2, 3, 1, 6),
    rotaryCase(2, 7, 3, 10),
    rotaryCase(3, 23, 2, 8),
    rotaryCase(2, 129, 2, 64),
    rotaryCase(1, 512, 1, 46),
    rotaryCase(1, 128, 2, 64),
    rotaryCase(0, 7, 1, 4),
    rotaryCase(2, 7, 2, 12, 1e4),
    rotaryCase(2, 67, 2, 10, 1, 160000),
  ],
};
