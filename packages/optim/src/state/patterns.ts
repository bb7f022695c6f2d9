import { fault } from "@cramkit/errors";

/**
 * What a name is matched by: a piece of it, which never cuts a number in two, or a regular expression over it. `"layers.1"` and
 * `"norm"` match `encoder.layers.1.norm2.bias`, and `"layers.1"` does not match `encoder.layers.10.norm2.bias`.
 */
export type Pattern = string | RegExp;

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= "0" && char <= "9";

const hasPiece = (name: string, piece: string): boolean => {
  for (let at = name.indexOf(piece); at >= 0; at = name.indexOf(piece, at + 1)) {
    const end = at + piece.length;
    const cutsBefore = isDigit(name[at - 1]) && isDigit(piece[0]);
    const cutsAfter = isDigit(name[end]) && isDigit(piece.at(-1));
    if (!cutsBefore && !cutsAfter) return true;
  }
  return false;
};

/** Whether a parameter's name matches one of the patterns. */
export const matchesName = (name: string, patterns: readonly Pattern[]): boolean =>
  patterns.some((pattern) => (typeof pattern === "string" ? hasPiece(name, pattern) : name.search(pattern) >= 0));

/** A pattern for names that hold these whole parts, in this order: `layers.1` and not `layers.10`, `norm1` and not `norm`. */
export const wholeParts = (parts: string): RegExp =>
  new RegExp(`(?:^|\\.)${parts.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?:\\.|$)`);

/** Every pattern must match something: one that does not is a typing error or was meant for another model. */
export const checkPatterns = (where: string, patterns: readonly Pattern[], names: readonly string[]): void => {
  for (const pattern of patterns) {
    if (!names.some((name) => matchesName(name, [pattern]))) {
      throw fault({
        code: "invalid-argument",
        place: where,
        problem: `expected the pattern ${pattern instanceof RegExp ? pattern : JSON.stringify(pattern)} to match a parameter, got none of ${names.length}, of which the first is "${names[0]}"`,
        type: RangeError,
      });
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
  decays: (name) => !matchesName(name, noDecay ?? studyNoDecay),
});
