/** A record that could not be read, and why. */
export interface BadRecord {
  file: string;
  place: string;
  reason: string;
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
