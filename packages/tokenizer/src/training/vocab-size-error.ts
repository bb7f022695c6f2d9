/** A text that does not go with `vocabSize`. Who sets it under another name can say so with the parts of the message. */
export class VocabSizeError extends RangeError {
  /**
   * @param limit what the text allows, as in "at most 65, all that the text gives"
   * @param remedy what helps whatever the setting is called
   * @param option what else helps a caller of `trainTokenizer`
   */
  constructor(
    readonly limit: string,
    readonly vocabSize: number,
    readonly remedy: string,
    option?: string,
  ) {
    super(
      `trainTokenizer: expected vocabSize of ${limit}, got ${vocabSize}; ${[remedy, option].filter(Boolean).join(", ")}`,
    );
    this.name = "VocabSizeError";
  }
}
