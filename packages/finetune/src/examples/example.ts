/** A stretch of a text that names something: `text.slice(start, end)`, in UTF-16 units, as JavaScript counts. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/** A text, or a pair of texts, with what is to be learned from it. Plain data. */
export interface Example {
  readonly text: string;
  /** @defaultValue the example is a single text */
  readonly pair?: string;
  /**
   * For embeddings: a text that is like the pair and does not belong to the text.
   * @defaultValue the pairs of other examples alone
   */
  readonly negative?: string;
  /** A name for it. @defaultValue none */
  readonly id?: string;
  /**
   * A class by its name, a score, the names of several labels, or spans.
   * @defaultValue absent if it is to be predicted
   */
  readonly label?: Label;
  /**
   * Where it comes from, for errors: `reviews.csv, line 12`.
   * @defaultValue its number in the list
   */
  readonly place?: string;
}

export type Label = string | number | readonly string[] | readonly Span[];
