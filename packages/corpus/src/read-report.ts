/** A record that could not be read, and why. */
export interface BadRecord {
  file: string;
  place: string;
  reason: string;
}

/** What is wrong with a record, and what to do if its likes are. */
export interface BadReason {
  reason: string;
  /**
   * What to do if all are like it.
   *
   * @defaultValue the record is broken by itself
   */
  remedy?: string;
  /**
   * The options that the remedy names, as code has them.
   *
   * @defaultValue none
   */
  option?: string | readonly string[];
}

/** Counts of one reading of a source. */
export interface ReadReport {
  files: number;
  documents: number;
  characters: number;
  /** Records that the option `where` of the reader turned down. */
  unwanted: number;
  badRecords: number;
  brokenFiles: number;
  /** The first few bad records, and the first few broken files. */
  examples: BadRecord[];
}
