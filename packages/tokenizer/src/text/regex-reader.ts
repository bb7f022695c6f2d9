/** Where the translation stands. */
export interface RegexReader {
  readonly source: string;
  at: number;
  /** Capturing groups so far. */
  groups: number;
  ignoreCase: boolean;
}
