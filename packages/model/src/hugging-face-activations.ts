/** Names of the activations that both sides have: `gelu` is the exact one there too. */
export const activationNames: Record<string, string> = {
  gelu: "gelu",
  relu: "relu",
  silu: "silu",
  mish: "mish",
  relu2: "relu2",
};

/** Other names that `transformers` has for them. */
export const activationAliases: Record<string, string> = { ...activationNames, gelu_python: "gelu", swish: "silu" };
