import { cudaKernel, sizeOf } from "../cuda/runtime.ts";

export const rotaryCuda = [
  /* @__PURE__ */ cudaKernel("CramkitRotary", ({ inputs, attrs, runtime, each }) => {
    const { x, table } = inputs as { x: NonNullable<typeof inputs.x>; table: NonNullable<typeof inputs.x> };
    const { heads, direction } = attrs as { heads: number; direction: number };
    const [n, seq, width] = [sizeOf(x.shape), x.shape[1]!, x.shape[2]!];
    const y = runtime.output(x.shape);
    each("rotary", n, [x, table, y, n, seq, heads, width / (3 * heads), direction]);
    return y;
  }),
];
