/** A part of a parameter's name, or a regular expression over it. */
export type Pattern = string | RegExp;

export const matches = (name: string, patterns: readonly Pattern[]): boolean =>
  patterns.some((pattern) => (typeof pattern === "string" ? name.includes(pattern) : name.search(pattern) >= 0));

/** Every pattern must match something: one that does not is a typing error or was meant for another model. */
export const checkPatterns = (where: string, patterns: readonly Pattern[], names: readonly string[]): void => {
  for (const pattern of patterns) {
    if (!names.some((name) => matches(name, [pattern]))) {
      throw new RangeError(
        `${where}: expected the pattern ${pattern instanceof RegExp ? pattern : JSON.stringify(pattern)} to match a parameter, got none of ${names.length}; the first is "${names[0]}"`,
      );
    }
  }
};

/**
 * Names without weight decay in the study: biases and norms. Embeddings and the position scale do decay. The list of its
 * first version, and of its original BERT, lacks "norm": there the weights of norms decay.
 */
export const studyNoDecay: readonly Pattern[] = ["bias", "LayerNorm.bias", "LayerNorm.weight", "norm"];

/**
 * Which parameters decay: all that no pattern matches. Patterns of your own must each match something; the default is
 * made for every model and need not.
 */
export const decayMask = (
  where: string,
  noDecay: readonly Pattern[] | undefined,
): { check(names: readonly string[]): void; decays(name: string): boolean } => ({
  check: (names) => {
    if (noDecay) checkPatterns(where, noDecay, names);
  },
  decays: (name) => !matches(name, noDecay ?? studyNoDecay),
});
