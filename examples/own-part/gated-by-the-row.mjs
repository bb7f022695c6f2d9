/**
 * A feed-forward part whose output channels are gated by the mean of the whole row: "squeeze and excitation" (Hu et al.,
 * arXiv 1709.01507) for text. A part says which parameters it owns, and computes with `scope.ops` alone. That is why it can be
 * trained on every backend, counted by `countFlops`, and exported to ONNX.
 *
 * @type {import("@cramkit/model").PartFactory}
 */
export const gatedByTheRow = ({ intermediate, hidden }, { width }) => {
  const narrow = Math.max(8, hidden / 8);
  return {
    parameters: {
      "dense_in.weight": { shape: [intermediate, width], init: { type: "linear" } },
      "dense_out.weight": { shape: [width, intermediate], init: { type: "linear" } },
      "squeeze.weight": { shape: [narrow, width], init: { type: "linear" } },
      // Zero: every gate begins at 1 + tanh(0) = 1, so the part begins as an ordinary one.
      "excite.weight": { shape: [width, narrow], init: { type: "constant", value: 0 } },
    },
    run(x, { ops, param, mask }) {
      const dense = ops.linear(
        ops.activate(ops.linear(x, param("dense_in.weight")), "gelu"),
        param("dense_out.weight"),
      );
      const gate = ops.linear(
        ops.activate(ops.linear(meanOf(x, ops, mask), param("squeeze.weight")), "gelu"),
        param("excite.weight"),
      );
      return ops.mul(dense, ops.scale(ops.apply(gate, "tanh"), 1, 1));
    },
  };
};

/** `x [batch, seq, width]` -> `[batch, 1, width]`, over the positions that `mask [batch, seq]` does not call padding. */
const meanOf = (x, ops, mask) => {
  if (mask === undefined) return ops.reduce(x, "mean", [1], true);
  const weights = ops.reshape(mask, [0, -1, 1]);
  return ops.div(ops.reduce(ops.mul(x, weights), "sum", [1], true), ops.reduce(weights, "sum", [1], true));
};
