/** One part of a template: a sequence of the input, or tokens that are put in. */
export type TemplatePiece =
  | { sequence: 0 | 1; typeId: number }
  | { ids: readonly number[]; tokens: readonly string[]; typeId: number };

/** How the tokens of one or two texts become the input of a model. */
export interface PostProcessor {
  readonly single: readonly TemplatePiece[];
  readonly pair: readonly TemplatePiece[];
  /**
   * Leave the spaces out of the offsets of byte-level tokens; `addPrefixSpace` says whether the first one was put in.
   *
   * @defaultValue offsets stay as they are
   */
  readonly trimOffsets?: { addPrefixSpace: boolean };
}

export const plainPostProcessor: PostProcessor = {
  single: [{ sequence: 0, typeId: 0 }],
  pair: [
    { sequence: 0, typeId: 0 },
    { sequence: 1, typeId: 1 },
  ],
};
